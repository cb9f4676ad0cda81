// What the SQLite engine refuses, and what it says then.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "harness/random_data.hpp"
#include "integration/sqlite_fixture.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

Error snapshot_error(const SqliteOptions& options, const Context& context = {}) {
  return error_of([&] { capture(*make_sqlite_engine(options), 1, context); });
}

TEST_CASE("a file that is not there is a source that cannot be reached, with a command to look") {
  const TempFolder folder;
  const Error error = snapshot_error({.path = folder / "nothing.db"});
  CHECK_EQ(error.code(), ErrorCode::source_unreachable);
  CHECK_EQ(error.hint(), "ls -l '" + folder.path() + "'");
  CHECK_FALSE(fs::exists(folder / "nothing.db"));
}

TEST_CASE("folders, pipes and other files are not databases") {
  const TempFolder folder;
  const std::string path = folder / "thing";
  SUBCASE("folder") { fs::create_directory(path); }
  SUBCASE("pipe, which opening would wait for") { REQUIRE_EQ(::mkfifo(path.c_str(), 0600), 0); }
  SUBCASE("short text") { write_file(path, "hello"); }
  SUBCASE("text") { write_file(path, Random(1).text(10000)); }
  SUBCASE("what an encrypted database looks like") { write_file(path, Random(1).bytes(65536)); }
  SUBCASE("zeros") { write_file(path, Bytes(8192)); }
  const Error error = snapshot_error({.path = path});
  CHECK_EQ(error.code(), ErrorCode::not_a_database);
  CHECK_NE(error.message().find(path), std::string::npos);
}

TEST_CASE("a database whose end is missing is damaged, and the message says how much is there") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  std::string mode;
  std::uint64_t cut = 0;
  SUBCASE("rollback mode, whole pages") { mode = "delete", cut = 40960; }
  SUBCASE("rollback mode, inside the last page") { mode = "delete", cut = 100; }
  SUBCASE("WAL mode, whole pages") { mode = "wal", cut = 40960; }
  SUBCASE("WAL mode, inside the last page") { mode = "wal", cut = 100; }
  make_bank(path, mode);
  const std::uint64_t size = fs::file_size(path);
  fs::resize_file(path, size - cut);

  const Error error = snapshot_error({.path = path});

  CHECK_EQ(error.code(), ErrorCode::damaged);
  CHECK_NE(error.message().find("truncated"), std::string::npos);
}

TEST_CASE("a page that is missing from the file is found even when the log knows the size") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  const Database owner(path);
  owner.run("UPDATE account SET balance = 1 WHERE id = 3");
  fs::resize_file(path, fs::file_size(path) - 40960);

  const Error error = snapshot_error({.path = path});

  CHECK_EQ(error.code(), ErrorCode::damaged);
  CHECK_NE(error.message().find("truncated"), std::string::npos);
}

TEST_CASE("an empty file beside a full log is refused, because opening it would delete the log") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  write_file(path, std::string_view());
  write_file(path + "-wal", Random(1).bytes(5000));

  CHECK_EQ(snapshot_error({.path = path}).code(), ErrorCode::damaged);

  CHECK_EQ(fs::file_size(path + "-wal"), 5000);
}

TEST_CASE("a lock that is not given up in time is an error that may be tried again") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  std::string sql;
  std::string mode = "delete";
  SUBCASE("a writer in rollback mode") { sql = "BEGIN EXCLUSIVE"; }
  SUBCASE("exclusive locking in WAL mode") {
    mode = "wal";
    sql = "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; UPDATE account SET balance = balance; COMMIT";
  }
  make_bank(path, mode);
  ChildProcess peer = start_peer({"hold", path, sql});

  const Error error = snapshot_error({.path = path, .busy_timeout = milliseconds(30)});

  CHECK_EQ(error.code(), ErrorCode::locked);
  CHECK(error.retryable());
  CHECK_EQ(error.why(), "database is locked");
  stop_peer(peer);
}

TEST_CASE("waiting for a lock ends when the caller's deadline does") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "delete");
  ChildProcess peer = start_peer({"hold", path, "BEGIN EXCLUSIVE"});
  Context context;
  context.deadline = context.clock->monotonic() + milliseconds(30);

  const Error error = snapshot_error({.path = path, .busy_timeout = std::chrono::hours(1)}, context);

  CHECK_EQ(error.code(), ErrorCode::deadline_exceeded);
  stop_peer(peer);
}

TEST_CASE("options that make no sense are refused before anything is opened") {
  const TempFolder folder;
  make_bank(folder / "bank.db", "wal");
  make_bank(folder / "other.db", "wal");
  const Database lent(folder / "bank.db");
  const Database memory(":memory:");
  const auto code = [](const SqliteOptions& options) { return error_of([&] { make_sqlite_engine(options); }).code(); };
  CHECK_EQ(code({.path = "bank.db"}), ErrorCode::invalid_argument);
  CHECK_EQ(code({.path = folder / "bank.db", .schema = "other"}), ErrorCode::invalid_argument);
  CHECK_EQ(code({.path = {}, .connection = lent.handle(), .schema = "other"}), ErrorCode::invalid_argument);
  CHECK_EQ(code({.path = folder / "other.db", .connection = lent.handle()}), ErrorCode::invalid_argument);
  CHECK_EQ(code({.path = {}, .connection = memory.handle()}), ErrorCode::unsupported);
}

TEST_CASE("a session that was not read to its end does not become a snapshot") {
  const TempFolder folder;
  make_bank(folder / "bank.db", "wal");
  const auto session = make_sqlite_engine({.path = folder / "bank.db"})->begin({}, {});
  const auto entry = session->next({});
  CHECK_EQ(error_of([&] { session->finish({}); }).code(), ErrorCode::internal);
}

}  // namespace
}  // namespace dbsnap::testing
