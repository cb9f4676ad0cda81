// The PostgreSQL engine keeps the engine contract, on a real server.
#include <doctest/doctest.h>
#include <libpq-fe.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>

#include "conformance/engine_conformance.hpp"
#include "dbsnap/engines/postgres.hpp"
#include "harness/server_process.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;

/// One server for all checks; every world has databases of its own on it.
const ServerProcess& server() {
  static const ServerProcess process("postgres.py");
  return process;
}

/// A connection as an application holds it.
class Connection {
 public:
  explicit Connection(const std::string& database) {
    const std::string text = "host=" + server().at("host") + " port=" + server().at("port") +
                             " user=postgres dbname='" + database + "' application_name=application";
    connection_.reset(PQconnectdb(text.c_str()));
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
    rows("SET client_min_messages = error");
  }

  /// The rows of a query, a line each.
  std::string rows(const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_.get(), sql.c_str()), &PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      throw std::runtime_error(sql + ": " + PQerrorMessage(connection_.get()));
    }
    std::string text;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      for (int column = 0; column < PQnfields(result.get()); ++column) {
        text += std::string(PQgetvalue(result.get(), row, column)) + "|";
      }
      text += "\n";
    }
    return text;
  }

  std::string content() {
    return rows("SELECT * FROM item ORDER BY id") + rows("SELECT * FROM \"Odd name\".\"t\"\"x\" ORDER BY 1") +
           rows("SELECT last_value, is_called FROM item_id_seq") +
           rows("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname NOT LIKE 'pg\\_%' ORDER BY 2") +
           rows(
               "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace >= 2200 ORDER BY 1, "
               "2") +
           rows("SELECT oid, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid") + rows("SELECT * FROM total");
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, &PQfinish};
};

std::string unique_name() {
  static int count = 0;
  return "world" + std::to_string(++count);
}

class PostgresWorld final : public EngineWorld {
 public:
  PostgresWorld() {
    // A throwaway server may run as another user, who must find its folder.
    fs::permissions(scratch_.path(), fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
    administration_.rows("CREATE DATABASE " + source_);
    application_ = std::make_unique<Connection>(source_);
    application_->rows(
        "CREATE TABLE item(id serial PRIMARY KEY, name text NOT NULL, data text); CREATE INDEX by_name ON item(name);"
        "INSERT INTO item(name, data) SELECT 'item ' || (i * 7919 % 6000), repeat(md5(i::text), 8) FROM "
        "generate_series(1, 6000) AS i;"
        "CREATE SCHEMA \"Odd name\"; CREATE TABLE \"Odd name\".\"t\"\"x\"(\"a b\" int REFERENCES item, c text);"
        "INSERT INTO \"Odd name\".\"t\"\"x\" VALUES (1, E'tab\\t line\\n back\\\\ \\\\. end'), (2, NULL), (3, '');"
        "CREATE MATERIALIZED VIEW total AS SELECT count(*) AS items, sum(length(data)) AS size FROM item;"
        "SELECT lo_from_bytea(4711, repeat('large', 100000)::bytea); SELECT lo_create(4712)");
  }
  ~PostgresWorld() override {
    application_.reset();
    for (const std::string& name : {source_, target_}) {
      administration_.rows("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
    }
  }

  std::unique_ptr<Snapshotter> source() override { return engine(source_); }
  std::unique_ptr<Snapshotter> target() override { return engine(target_); }
  void change_source() override {
    const std::string n = std::to_string(++changes_);
    application_->rows("UPDATE item SET name = 'changed " + n + "' WHERE id % 97 = " + n +
                       "; INSERT INTO item(name) VALUES ('new " + n + "'); DELETE FROM item WHERE id = " + n + "0;" +
                       "REFRESH MATERIALIZED VIEW total");
  }
  void spoil_target() override { Connection(target_).rows("DELETE FROM item WHERE id % 10 = 5"); }
  std::optional<std::string> source_content() override { return application_->content(); }
  std::optional<std::string> target_content() override {
    if (administration_.rows("SELECT FROM pg_database WHERE datname = '" + target_ + "'").empty()) return std::nullopt;
    return Connection(target_).content();
  }
  std::string source_surroundings() override { return surroundings(); }
  std::string target_surroundings() override { return surroundings(); }
  std::string scratch_folder() override { return scratch_.path(); }

 private:
  static std::unique_ptr<Snapshotter> engine(const std::string& database) {
    PostgresOptions options;
    options.connection = {
        {"host", server().at("host")}, {"port", server().at("port")}, {"user", "postgres"}, {"dbname", database}};
    options.program_folder = server().at("clients");
    return make_postgres_engine(std::move(options));
  }

  /// Databases, and what others than the application hold: sessions end a moment after their connection.
  std::string surroundings() {
    const std::string others =
        "SELECT datname, application_name, state FROM pg_stat_activity WHERE backend_type = "
        "'client backend' AND application_name <> 'application'";
    std::string sessions = administration_.rows(others);
    for (int tries = 0; tries < 600 && !sessions.empty(); ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      sessions = administration_.rows(others);
    }
    return sessions + administration_.rows("SELECT datname FROM pg_database ORDER BY 1") +
           administration_.rows("SELECT slot_name FROM pg_replication_slots ORDER BY 1");
  }

  TempFolder scratch_;
  std::string source_ = unique_name();
  std::string target_ = source_ + "_target";
  Connection administration_{"postgres"};
  std::unique_ptr<Connection> application_;
  std::uint64_t changes_ = 0;
};

const EngineSubject kPostgres{.make_world = [] { return std::make_unique<PostgresWorld>(); }, .engine = "postgres"};

TEST_CASE("postgres engine: reading") { check_engine_reading(kPostgres); }
TEST_CASE("postgres engine: abandoned and cancelled snapshots") { check_engine_abort(kPostgres); }
TEST_CASE("postgres engine: restore") { check_engine_restore(kPostgres); }
TEST_CASE("postgres engine: failing restores") { check_engine_failures(kPostgres); }
TEST_CASE("postgres engine: plain files") { check_engine_plain(kPostgres); }

}  // namespace
}  // namespace dbsnap::testing
