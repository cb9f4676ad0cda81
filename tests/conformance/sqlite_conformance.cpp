// The SQLite engine keeps the engine contract, in both journal modes.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "conformance/engine_conformance.hpp"
#include "dbsnap/engines/sqlite.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;

/// A connection as an application holds it.
class Connection {
 public:
  explicit Connection(const std::string& uri) {
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
    if (sqlite3_open_v2(uri.c_str(), &db_, kFlags, nullptr) != SQLITE_OK)
      throw std::runtime_error("cannot open " + uri);
  }
  ~Connection() { sqlite3_close(db_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void run(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sql + ": " + sqlite3_errmsg(db_));
    }
  }

  /// The rows of a query, a line each.
  std::string rows(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sql + ": " + sqlite3_errmsg(db_));
    }
    std::string text;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      for (int column = 0; column < sqlite3_column_count(statement); ++column) {
        const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
        text += std::string(value == nullptr ? "NULL" : value) + "|";
      }
      text += "\n";
    }
    sqlite3_finalize(statement);
    return text;
  }

  std::string content() {
    return rows("SELECT type, name, sql FROM sqlite_schema ORDER BY name") + rows("SELECT * FROM item ORDER BY id") +
           rows("PRAGMA user_version");
  }

 private:
  sqlite3* db_ = nullptr;
};

/// Names and sizes of the files; the shared-memory file's size is SQLite's own affair.
std::string files_in(const std::string& folder) {
  std::string text;
  for (const std::string& name : files_below(folder)) {
    text += name;
    if (!name.ends_with("-shm")) text += " " + std::to_string(fs::file_size(folder + "/" + name));
    text += "\n";
  }
  return text;
}

class SqliteWorld final : public EngineWorld {
 public:
  explicit SqliteWorld(const std::string& journal_mode) {
    fs::create_directory(source_folder_);
    fs::create_directory(target_folder_);
    application_ = std::make_unique<Connection>(source_path());
    application_->run("PRAGMA journal_mode=" + journal_mode + "; PRAGMA user_version=7");
    application_->run(
        "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, data BLOB); CREATE INDEX by_name ON item(name)");
    application_->run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) "
        "INSERT INTO item SELECT i, 'item ' || (i * 7919 % 6000), hex(zeroblob(200)) || i FROM n");
  }

  std::unique_ptr<Snapshotter> source() override { return make_sqlite_engine({.path = source_path()}); }
  std::unique_ptr<Snapshotter> target() override { return make_sqlite_engine({.path = target_path()}); }
  void change_source() override {
    ++changes_;
    application_->run("UPDATE item SET name = 'changed " + std::to_string(changes_) +
                      "' WHERE id % 97 = " + std::to_string(changes_) + "; INSERT INTO item(name) VALUES ('new " +
                      std::to_string(changes_) + "'); DELETE FROM item WHERE id = " + std::to_string(changes_ * 10));
  }
  void spoil_target() override {
    std::fstream file(target_path(), std::ios::binary | std::ios::in | std::ios::out);
    const std::string garbage(40, '\xee');
    for (std::streamoff page = 1; page < 200; ++page) {
      file.seekp(page * 4096);
      file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
    }
    if (!file.flush()) throw std::runtime_error("cannot spoil " + target_path());
  }
  std::optional<std::string> source_content() override { return application_->content(); }
  std::optional<std::string> target_content() override {
    if (!fs::exists(target_path())) return std::nullopt;
    return Connection("file:" + target_path() + "?immutable=1").content();
  }
  std::string source_surroundings() override { return files_in(source_folder_); }
  std::string target_surroundings() override { return files_in(target_folder_); }
  std::string scratch_folder() override { return scratch_.path(); }

 private:
  [[nodiscard]] std::string source_path() const { return source_folder_ + "/app.db"; }
  [[nodiscard]] std::string target_path() const { return target_folder_ + "/app.db"; }

  TempFolder folder_;
  TempFolder scratch_;
  std::string source_folder_ = folder_ / "source";
  std::string target_folder_ = folder_ / "target";
  std::unique_ptr<Connection> application_;
  std::uint64_t changes_ = 0;
};

const EngineSubject kWal{.make_world = [] { return std::make_unique<SqliteWorld>("wal"); }, .engine = "sqlite"};
const EngineSubject kRollback{.make_world = [] { return std::make_unique<SqliteWorld>("delete"); },
                              .engine = "sqlite",
                              .writes_while_read = false};

TEST_CASE("sqlite engine, WAL: reading") { check_engine_reading(kWal); }
TEST_CASE("sqlite engine, WAL: abandoned and cancelled snapshots") { check_engine_abort(kWal); }
TEST_CASE("sqlite engine, WAL: restore") { check_engine_restore(kWal); }
TEST_CASE("sqlite engine, WAL: failing restores") { check_engine_failures(kWal); }
TEST_CASE("sqlite engine, WAL: plain files") { check_engine_plain(kWal); }

TEST_CASE("sqlite engine, rollback journal: reading") { check_engine_reading(kRollback); }
TEST_CASE("sqlite engine, rollback journal: abandoned and cancelled snapshots") { check_engine_abort(kRollback); }
TEST_CASE("sqlite engine, rollback journal: restore") { check_engine_restore(kRollback); }
TEST_CASE("sqlite engine, rollback journal: failing restores") { check_engine_failures(kRollback); }
TEST_CASE("sqlite engine, rollback journal: plain files") { check_engine_plain(kRollback); }

}  // namespace
}  // namespace dbsnap::testing
