#include "integration/sqlite_fixture.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <stdexcept>
#include <variant>

namespace dbsnap::testing {
namespace {

struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, StatementCloser>;

Statement prepare(sqlite3* handle, const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(handle, sql.c_str(), -1, &raw, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sql + ": " + sqlite3_errmsg(handle));
  }
  return Statement(raw);
}

/// A column as text that tells NULL, numbers, text and blobs apart.
std::string shown(sqlite3_stmt* statement, int column) {
  const int type = sqlite3_column_type(statement, column);
  if (type == SQLITE_NULL) return "NULL";
  const void* bytes = sqlite3_column_blob(statement, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  return std::to_string(type) + ":" + (size == 0 ? std::string() : std::string(static_cast<const char*>(bytes), size));
}

std::vector<std::string> rows(sqlite3* handle, const std::string& sql) {
  const Statement statement = prepare(handle, sql);
  std::vector<std::string> result;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    std::string row;
    for (int i = 0; i < sqlite3_column_count(statement.get()); ++i) row += shown(statement.get(), i) + "|";
    result.push_back(std::move(row));
  }
  if (code != SQLITE_DONE) throw std::runtime_error(sql + ": " + sqlite3_errmsg(handle));
  return result;
}

}  // namespace

Database::Database(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  handle_.reset(raw);
  if (code != SQLITE_OK) throw std::runtime_error("cannot open " + path);
  sqlite3_busy_timeout(raw, 30000);
}

Database Database::immutable(const std::string& path) {
  return Database("file:" + path + "?immutable=1", SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

void Database::run(const std::string& sql) const {
  if (sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sql + ": " + sqlite3_errmsg(handle()));
  }
}

std::string Database::text(const std::string& sql) const {
  const Statement statement = prepare(handle(), sql);
  if (sqlite3_step(statement.get()) != SQLITE_ROW) throw std::runtime_error(sql + ": no row");
  const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
  return value == nullptr ? "NULL" : value;
}

std::int64_t Database::number(const std::string& sql) const { return std::stoll(text(sql)); }

std::string Database::content() const {
  std::string all;
  for (const std::string& row : rows(handle(), "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")) {
    all += row + "\n";
  }
  for (const std::string& name : rows(handle(), "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")) {
    const std::string table = name.substr(2, name.size() - 3);
    for (const std::string& row : rows(handle(), "SELECT * FROM \"" + table + "\"")) all += row + "\n";
  }
  return all;
}

void Database::back_up_to(const std::string& path) const {
  const Database copy(path);
  sqlite3_backup* backup = sqlite3_backup_init(copy.handle(), "main", handle(), "main");
  if (backup == nullptr) throw std::runtime_error("cannot begin a backup");
  const int stepped = sqlite3_backup_step(backup, -1);
  if (sqlite3_backup_finish(backup) != SQLITE_OK || stepped != SQLITE_DONE) throw std::runtime_error("backup failed");
}

void make_bank(const std::string& path, const std::string& journal_mode) {
  const Database bank(path);
  bank.run("PRAGMA journal_mode = " + journal_mode + "; PRAGMA synchronous = OFF");
  bank.run(
      "CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, note TEXT);"
      "CREATE TABLE progress(commits INTEGER); CREATE TABLE growth(id INTEGER PRIMARY KEY, data BLOB);"
      "INSERT INTO progress VALUES (0)");
  bank.run(
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
      "INSERT INTO account SELECT i, 1000, hex(zeroblob(400)) FROM n");
}

std::unique_ptr<MemorySnapshot> snapshot_of(const std::string& path) {
  return capture(*make_sqlite_engine({.path = path}), 1);
}

const Bytes& image_of(const MemorySnapshot& snapshot) { return snapshot.content("main"); }

std::int64_t number_fact(const MemorySnapshot& snapshot, std::string_view name) {
  return std::get<std::int64_t>(snapshot.manifest().engine_facts.find(name)->second);
}

std::string text_fact(const MemorySnapshot& snapshot, std::string_view name) {
  return std::get<std::string>(snapshot.manifest().engine_facts.find(name)->second);
}

double duration_fact(const MemorySnapshot& snapshot, std::string_view name) {
  return std::get<double>(snapshot.manifest().engine_facts.find(name)->second);
}

Database open_image(const MemorySnapshot& snapshot, const std::string& path) {
  write_file(path, image_of(snapshot));
  Database database = Database::immutable(path);
  CHECK_EQ(database.text("PRAGMA integrity_check"), "ok");
  return database;
}

ChildProcess start_peer(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{DBSNAP_SQLITE_PEER};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  ChildProcess peer = ChildProcess::start(argv);
  const bool speaks = arguments.front() != "run";
  if (speaks && !peer.await_output("ing")) throw std::runtime_error("the peer did not start: " + peer.err());
  return peer;
}

void run_peer(const std::vector<std::string>& arguments) {
  ChildProcess peer = start_peer(arguments);
  const auto status = peer.wait();
  INFO(peer.err());
  REQUIRE(status.has_value());
  REQUIRE_EQ(status->code, 0);
}

std::string stop_peer(ChildProcess& peer) {
  peer.kill(SIGTERM);
  const auto status = peer.wait();
  INFO(peer.err());
  REQUIRE(status.has_value());
  REQUIRE_EQ(status->code, 0);
  return peer.out();
}

Bytes bytes_of_open_file(const std::string& path) {
  const RunResult result = run_program({"cat", path});
  REQUIRE_EQ(result.status.code, 0);
  return to_bytes(result.out);
}

Error error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error was thrown");
  return Error(ErrorCode::internal, "none");
}

}  // namespace dbsnap::testing
