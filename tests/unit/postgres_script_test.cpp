// Scripts of pg_dump are cut as psql cuts them, and their statements are told apart.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "dbsnap/error.hpp"
#include "engines/postgres/sql_splitter.hpp"
#include "engines/postgres/statement.hpp"
#include "harness/error_code.hpp"

namespace dbsnap::testing {
namespace {

using postgres::StatementKind;

class Recorder final : public postgres::ScriptHandler {
 public:
  void statement(const std::string& sql) override { parts.push_back(sql); }
  void begin_rows(const std::string& sql) override {
    parts.push_back(sql);
    content.clear();
  }
  void rows(std::string_view text) override { content += text; }
  void end_rows() override { parts.push_back("rows:" + content); }

  std::vector<std::string> parts;
  std::string content;
};

std::vector<std::string> split(const std::string& script, std::size_t piece) {
  Recorder recorder;
  postgres::SqlSplitter splitter(recorder);
  for (std::size_t at = 0; at < script.size(); at += piece) splitter.feed(std::string_view(script).substr(at, piece));
  splitter.end();
  return recorder.parts;
}

using Parts = std::vector<std::string>;

void check_split(const std::string& script, const Parts& parts) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, script.size() + 1}) {
    CAPTURE(piece);
    CHECK(split(script, piece) == parts);
  }
}

TEST_CASE("a script is cut at semicolons, and comments between statements are left out") {
  check_split("-- one; comment\nSELECT 1; /* two; /* nested; */ */\n\n  SELECT 2 - 1 /* kept */;;\n",
              {"SELECT 1;", "SELECT 2 - 1 /* kept */;"});
}

TEST_CASE("semicolons in texts, names, bodies and parentheses do not end a statement") {
  check_split("SELECT 'a;''b'; SELECT \"c;\"\"d\"; SELECT E'e\\';f'; SELECT 'g\\'; SELECT (1;2);",
              {"SELECT 'a;''b';", "SELECT \"c;\"\"d\";", "SELECT E'e\\';f';", "SELECT 'g\\';", "SELECT (1;2);"});
  check_split("CREATE FUNCTION f() AS $$ a; $x$ b; $$ LANGUAGE sql; SELECT $1; SELECT $_x$ ; $$ ; $_x$;",
              {"CREATE FUNCTION f() AS $$ a; $x$ b; $$ LANGUAGE sql;", "SELECT $1;", "SELECT $_x$ ; $$ ; $_x$;"});
}

TEST_CASE("a routine's body of statements is one statement with what is around it") {
  const std::string routine =
      "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql\n    BEGIN ATOMIC\n SELECT CASE WHEN true THEN 1 END;\n "
      "SELECT 2;\nEND;";
  check_split(routine + "\nSELECT 3;", {routine, "SELECT 3;"});
  check_split("BEGIN; SELECT 1; END;", {"BEGIN;", "SELECT 1;", "END;"});
}

TEST_CASE("rows after COPY are given on as they are") {
  check_split(
      "COPY public.t (a, b) FROM stdin;\n1\t;\\\\.\n\\N\t'\n\\.\n\nCOPY t FROM stdin;\n\\.\nSELECT 1;\n",
      {"COPY public.t (a, b) FROM stdin;", "rows:1\t;\\\\.\n\\N\t'\n", "COPY t FROM stdin;", "rows:", "SELECT 1;"});
}

TEST_CASE("the pair of lines that binds psql to a key is left out, other commands of psql's are refused") {
  check_split("--\n-- dump\n\n\\restrict abc\n\nSELECT 1;\n\\unrestrict abc\n", {"SELECT 1;"});
  CHECK(code_of([] { split("SELECT 1;\n\\! touch /tmp/x\n", 3); }) == ErrorCode::unsupported);
  CHECK(code_of([] { split("SELECT 1 \\gexec\n", 100); }) == ErrorCode::unsupported);
}

TEST_CASE("a script that ends too early is damaged") {
  for (const char* script : {"SELECT 1", "SELECT 'a;", "SELECT $$ a; ", "/* a;", "COPY t FROM stdin;\n1\n"}) {
    CAPTURE(script);
    CHECK(code_of([&] { split(script, 4); }) == ErrorCode::damaged);
  }
}

TEST_CASE("a row that is longer than any piece passes through") {
  const std::string row(300'000, 'x');
  check_split("COPY t FROM stdin;\n" + row + "\n\\.\n", {"COPY t FROM stdin;", "rows:" + row + "\n"});
}

TEST_CASE("statements after the rows are told apart") {
  const auto kind = [](std::string_view sql) { return postgres::classify(sql).kind; };
  CHECK(kind("SET default_tablespace = '';") == StatementKind::setting);
  CHECK(kind("SELECT pg_catalog.set_config('search_path', '', false);") == StatementKind::setting);
  CHECK(kind("COMMENT ON INDEX public.i IS 'x';") == StatementKind::detail);
  CHECK(kind("ALTER INDEX public.p ATTACH PARTITION public.c;") == StatementKind::detail);
  CHECK(kind("ALTER TABLE public.t CLUSTER ON i;") == StatementKind::detail);
  CHECK(kind("CREATE TRIGGER t AFTER INSERT ON public.t EXECUTE FUNCTION f();") == StatementKind::other);
  CHECK(kind("ALTER TABLE public.p\n    ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES public.o(a);") ==
        StatementKind::other);
  const auto index = postgres::classify("CREATE UNIQUE INDEX \"a b\" ON ONLY public.\"T x\" USING btree (a);");
  CHECK(index.kind == StatementKind::index);
  CHECK(index.table == "public.\"T x\"");
  const auto constraint = postgres::classify("ALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (id);");
  CHECK(constraint.kind == StatementKind::constraint);
  CHECK(constraint.table == "public.t");
  const auto key = postgres::classify(
      "ALTER TABLE ONLY a.t\n    ADD CONSTRAINT f FOREIGN KEY (x, y) REFERENCES b.o(x, y) NOT VALID;");
  CHECK(key.kind == StatementKind::foreign_key);
  CHECK(key.table == "a.t");
  CHECK(key.referenced == "b.o");
}

TEST_CASE("changes of owner and privileges are recognised") {
  CHECK(postgres::changes_owner("ALTER FUNCTION public.f(a integer, b text) OWNER TO \"some one\";"));
  CHECK_FALSE(postgres::changes_owner("ALTER TABLE public.owner RENAME TO x;"));
  CHECK_FALSE(postgres::changes_owner("COMMENT ON TABLE t IS 'ALTER x OWNER TO y';"));
  CHECK(postgres::changes_privileges("GRANT SELECT ON TABLE t TO r;"));
  CHECK(postgres::changes_privileges("ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s GRANT SELECT ON TABLES TO b;"));
  CHECK_FALSE(postgres::changes_privileges("CREATE TABLE \"GRANT\" (a int);"));
  CHECK(postgres::is_about_databases("DROP DATABASE shop;"));
  CHECK(postgres::is_about_databases("create database shop;"));
  CHECK_FALSE(postgres::is_about_databases("CREATE TABLE \"DATABASE\" (a int);"));
  CHECK_FALSE(postgres::is_about_databases("COMMENT ON DATABASE shop IS 'x';"));
}

TEST_CASE("the beginning of a statement is one line and never half a character") {
  CHECK(postgres::beginning_of("CREATE TABLE public.t (\n  a int\n);") == "CREATE TABLE public.t");
  CHECK(postgres::beginning_of("CREATE SUBSCRIPTION s CONNECTION 'password=secret' PUBLICATION p;") ==
        "CREATE SUBSCRIPTION s CONNECTION");
  CHECK(postgres::beginning_of(std::string(79, 'x') + "é" + "yyy") == std::string(79, 'x'));
}

}  // namespace
}  // namespace dbsnap::testing
