// URLs of PostgreSQL as settings, and tables as pieces.
#include <doctest/doctest.h>

#include <algorithm>

#include "engines/postgres/settings.hpp"
#include "engines/postgres/table_plan.hpp"
#include "harness/error_code.hpp"

namespace dbsnap::testing {
namespace {

using postgres::plan_tables;
using postgres::Settings;
using postgres::TableInfo;
using postgres::wants_rows;

Settings settings_of(std::string_view url) { return postgres::settings_of(parse_url(url), {}); }

TEST_CASE("a PostgreSQL URL becomes libpq's parameters and our options") {
  const Settings settings = settings_of(
      "postgresql://ann:s%40crt@db:5433/"
      "shop%20x?sslmode=require&jobs=3&exclude=log.*,tmp&lock_timeout=500ms&owners=no");
  const auto& connection = settings.options.connection;
  CHECK(connection.at("user") == "ann");
  CHECK(connection.at("password") == "s@crt");
  CHECK(connection.at("host") == "db");
  CHECK(connection.at("port") == "5433");
  CHECK(connection.at("dbname") == "shop x");
  CHECK(connection.at("sslmode") == "require");
  CHECK_FALSE(connection.contains("jobs"));
  CHECK(settings.options.jobs == 3);
  CHECK(settings.options.exclude == std::vector<std::string>{"log.*", "tmp"});
  CHECK(settings.options.lock_timeout == std::chrono::milliseconds(500));
  CHECK_FALSE(settings.options.owners);
}

TEST_CASE("several hosts keep their ports") {
  const auto connection = settings_of("postgres://h1:5432,[::1],h3:6/db?target_session_attrs=any").options.connection;
  CHECK(connection.at("host") == "h1,::1,h3");
  CHECK(connection.at("port") == "5432,,6");
}

TEST_CASE("a source's identity holds no secret and none of our options") {
  const Settings settings = settings_of("postgres://ann:secret@db/shop?jobs=3&sslpassword=hidden&include=a");
  CHECK(settings.url == "postgres://ann@db/shop?sslpassword=***");
  CHECK(settings_of("postgres:///shop?host=/run/postgresql").url == "postgres:///shop?host=/run/postgresql");
  CHECK(settings.for_database("other").url == "postgres://ann@db/other?sslpassword=***");
}

TEST_CASE("what a PostgreSQL URL says wrongly is refused by name") {
  for (const char* url :
       {"postgres://h/d?sslmod=require", "postgres://h/d?jobs=0", "postgres://h/d?jobs=x",
        "postgres://h/d?owners=perhaps", "postgres://h/d?lock_timeout=3weeks", "postgres://h/d?mode=other",
        "postgres://h/d?in_place=now", "postgres://h/d?databases=", "postgres://h/d?dbname=e"}) {
    CAPTURE(url);
    CHECK(code_of([&] { settings_of(url); }) == ErrorCode::invalid_argument);
  }
  CHECK(code_of([] { settings_of("postgres://h/d?mode=physical"); }) == ErrorCode::unsupported);
}

TableInfo table(const std::string& name, std::uint64_t pages) {
  TableInfo info;
  info.schema = "public";
  info.name = name;
  info.label = "public." + name;
  info.columns = "a, b";
  info.pages = pages;
  info.bytes = pages * 8192;
  return info;
}

TEST_CASE("large tables are read in ranges, and the biggest pieces come first") {
  const auto pieces = plan_tables({table("small", 10), table("large", 60'000)}, "UTF8", true);
  REQUIRE(pieces.size() == 5);
  CHECK(pieces[0].entry == "table/public.large");
  CHECK(pieces[1].entry == "table/public.large/1");
  CHECK(pieces[1].sql ==
        "COPY (SELECT a, b FROM ONLY \"public\".\"large\" WHERE ctid >= '(16384,0)'::pg_catalog.tid AND ctid < "
        "'(32768,0)'::pg_catalog.tid) TO STDOUT (ENCODING 'UTF8')");
  CHECK(pieces[3].sql.find("AND ctid <") == std::string::npos);
  CHECK(pieces[4].entry == "table/public.small");
  CHECK(pieces[4].sql == "COPY \"public\".\"small\" (a, b) TO STDOUT (ENCODING 'UTF8')");
  CHECK(plan_tables({table("large", 60'000)}, "UTF8", false).size() == 1);
}

TEST_CASE("a table that grows keeps the names and ranges of its first pieces") {
  const auto before = plan_tables({table("t", 100'000)}, "UTF8", true);
  const auto after = plan_tables({table("t", 130'000)}, "UTF8", true);
  CHECK(before.size() < after.size());
  for (const auto& piece : before) {
    CAPTURE(piece.entry);
    const auto same = std::ranges::find(after, piece.entry, &postgres::TablePiece::entry);
    REQUIRE(same != after.end());
    if (std::get<std::int64_t>(piece.facts.at("part")) + 1 < static_cast<std::int64_t>(before.size())) {
      CHECK(same->sql == piece.sql);
    }
  }
}

TEST_CASE("patterns choose tables with and without their schema") {
  CHECK(wants_rows("public", "t", {}, {}));
  CHECK(wants_rows("public", "t", {"public.*"}, {}));
  CHECK(wants_rows("public", "t", {"t"}, {}));
  CHECK_FALSE(wants_rows("other", "t", {"public.t"}, {}));
  CHECK_FALSE(wants_rows("public", "t", {"*"}, {"public.t"}));
}

}  // namespace
}  // namespace dbsnap::testing
