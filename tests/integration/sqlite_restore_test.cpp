// Restoring a database: beside, durable, swapped in; what was there is kept until then.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "engines/sqlite/replaced_database.hpp"
#include "harness/random_data.hpp"
#include "integration/sqlite_fixture.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;

/// A snapshot of a bank whose accounts say 'saved'.
std::unique_ptr<MemorySnapshot> saved_bank(const std::string& mode = "wal") {
  const TempFolder folder;
  make_bank(folder / "bank.db", mode);
  Database(folder / "bank.db").run("UPDATE account SET note = 'saved'");
  return snapshot_of(folder / "bank.db");
}

void restore_to(const std::string& path, MemorySnapshot& snapshot, bool overwrite) {
  make_sqlite_engine({.path = path})->restore(snapshot, {.overwrite = overwrite}, {});
}

ErrorCode restore_error(const std::string& path, MemorySnapshot& snapshot, bool overwrite) {
  return error_of([&] { restore_to(path, snapshot, overwrite); }).code();
}

/// How many accounts say `note`, as the next application finds them.
std::int64_t accounts_saying(const std::string& path, const std::string& note) {
  const Database database(path, SQLITE_OPEN_READWRITE);
  CHECK_EQ(database.text("PRAGMA integrity_check"), "ok");
  return database.number("SELECT count(*) FROM account WHERE note = '" + note + "'");
}

/// Leaves a database whose last process died: with a log, or with a hot journal.
void make_crashed_bank(const std::string& path, const std::string& mode) {
  make_bank(path, mode);
  const std::string sql = mode == "wal" ? "UPDATE account SET note = 'logged'"
                                        : "PRAGMA cache_size = 5; BEGIN; UPDATE account SET note = 'torn', balance = 0";
  ChildProcess peer = start_peer({"hold", path, sql});
  peer.kill(SIGKILL);
  REQUIRE(peer.wait().has_value());
  REQUIRE_GT(fs::file_size(path + (mode == "wal" ? "-wal" : "-journal")), 0);
}

TEST_CASE("a restored database is the snapshot, byte for byte, and nothing else is left") {
  const TempFolder folder;
  std::string mode;
  SUBCASE("of a database in WAL mode") { mode = "wal"; }
  SUBCASE("of a database with a rollback journal") { mode = "delete"; }
  const auto snapshot = saved_bank(mode);

  restore_to(folder / "bank.db", *snapshot, false);

  CHECK_EQ(files_below(folder.path()), std::vector<std::string>{"bank.db"});
  CHECK_EQ(read_file(folder / "bank.db"), image_of(*snapshot));
  make_sqlite_engine({.path = folder / "bank.db"})->check_restored({});
  CHECK_EQ(files_below(folder.path()), std::vector<std::string>{"bank.db"});
  CHECK_EQ(accounts_saying(folder / "bank.db", "saved"), 1000);
}

TEST_CASE("an empty database is restored as an empty database") {
  const TempFolder folder;
  write_file(folder / "empty.db", std::string_view());
  const auto snapshot = snapshot_of(folder / "empty.db");

  restore_to(folder / "back.db", *snapshot, false);

  CHECK_EQ(fs::file_size(folder / "back.db"), 0);
  make_sqlite_engine({.path = folder / "back.db"})->check_restored({});
}

TEST_CASE("a target that exists is refused without overwrite and stays as it was") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  const std::string path = folder / "bank.db";
  SUBCASE("a database") { make_bank(path, "delete"); }
  SUBCASE("any other file") { write_file(path, std::string_view("precious")); }
  SUBCASE("an empty file") { write_file(path, std::string_view()); }
  const Bytes before = read_file(path);

  CHECK_EQ(restore_error(path, *snapshot, false), ErrorCode::target_not_empty);

  CHECK_EQ(read_file(path), before);
  CHECK_EQ(files_below(folder.path()), std::vector<std::string>{"bank.db"});
}

TEST_CASE("a folder or a pipe is never replaced") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  SUBCASE("folder") { fs::create_directory(folder / "bank.db"); }
  SUBCASE("pipe") { REQUIRE_EQ(::mkfifo((folder / "bank.db").c_str(), 0600), 0); }
  CHECK_EQ(restore_error(folder / "bank.db", *snapshot, true), ErrorCode::target_not_empty);
}

TEST_CASE("a missing folder is named, with the command that makes it") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  const Error error = error_of([&] { restore_to(folder / "no/bank.db", *snapshot, false); });
  CHECK_EQ(error.code(), ErrorCode::not_found);
  CHECK_EQ(error.hint(), "mkdir -p '" + (folder / "no") + "'");
}

TEST_CASE("overwriting keeps the mode and, as far as the user may, the owner of the file") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  REQUIRE_EQ(::chmod(path.c_str(), 0640), 0);
  const uid_t owner = ::getuid() == 0 ? 65534 : ::getuid();
  REQUIRE_EQ(::chown(path.c_str(), owner, static_cast<gid_t>(-1)), 0);

  restore_to(path, *snapshot, true);

  struct stat info {};
  REQUIRE_EQ(::stat(path.c_str(), &info), 0);
  CHECK_EQ(info.st_mode & 07777U, 0640);
  CHECK_EQ(info.st_uid, owner);
  CHECK_EQ(accounts_saying(path, "saved"), 1000);
}

TEST_CASE("a symbolic link stays one, and the file it leads to is replaced") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  fs::create_directory(folder / "real");
  make_crashed_bank(folder / "real/bank.db", "wal");
  fs::create_symlink(folder / "real/bank.db", folder / "link.db");

  restore_to(folder / "link.db", *snapshot, true);

  CHECK(fs::is_symlink(folder / "link.db"));
  CHECK_EQ(accounts_saying(folder / "real/bank.db", "saved"), 1000);
}

TEST_CASE("a target that somebody uses is busy, and is not touched") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  const std::string path = folder / "bank.db";
  std::string sql = "SELECT count(*) FROM account";
  std::string mode = "delete";
  SUBCASE("another process, idle, in WAL mode") { mode = "wal"; }
  SUBCASE("another process, idle, with a rollback journal: it holds no lock") {}
  SUBCASE("another process that reads") { sql = "BEGIN; SELECT count(*) FROM account"; }
  SUBCASE("another process that writes") { sql = "BEGIN IMMEDIATE; UPDATE account SET balance = 0"; }
  make_bank(path, mode);
  ChildProcess peer = start_peer({"hold", path, sql});
  const Bytes before = read_file(path);

  CHECK_EQ(restore_error(path, *snapshot, true), ErrorCode::target_busy);

  CHECK_EQ(read_file(path), before);
  stop_peer(peer);
  restore_to(path, *snapshot, true);
  CHECK_EQ(accounts_saying(path, "saved"), 1000);
}

TEST_CASE("locks alone show that a target is in use, where open files cannot be seen") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  std::string sql = "BEGIN; SELECT count(*) FROM account";
  std::string mode = "delete";
  SUBCASE("a reader") {}
  SUBCASE("a writer") { sql = "BEGIN IMMEDIATE"; }
  SUBCASE("an idle connection in WAL mode") {
    mode = "wal";
    sql = "SELECT count(*) FROM account";
  }
  make_bank(path, mode);
  sqlite::check_unlocked(path);
  ChildProcess peer = start_peer({"hold", path, sql});
  CHECK_EQ(error_of([&] { sqlite::check_unlocked(path); }).code(), ErrorCode::target_busy);
  CHECK_EQ(error_of([&] { const sqlite::ReplacedDatabase alone(path, {}); }).code(), ErrorCode::target_busy);
  stop_peer(peer);
}

TEST_CASE("a target that this very process has open is busy, and its locks survive the refusal") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  const std::string path = folder / "bank.db";
  make_bank(path, "delete");
  const Database mine(path);
  mine.run("BEGIN IMMEDIATE");

  CHECK_EQ(restore_error(path, *snapshot, true), ErrorCode::target_busy);

  ChildProcess peer = ChildProcess::start({"sqlite3", path, "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE"});
  REQUIRE(peer.wait().has_value());
  CHECK_NE(peer.err().find("locked"), std::string::npos);
}

TEST_CASE("what a crashed process left beside the target does not reach the restored database") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  const std::string path = folder / "bank.db";
  SUBCASE("a log") { make_crashed_bank(path, "wal"); }
  SUBCASE("a hot journal") { make_crashed_bank(path, "delete"); }
  SUBCASE("a log beside a file that is no database any more") {
    make_crashed_bank(path, "wal");
    write_file(path, Random(1).bytes(50000));
  }
  SUBCASE("a log beside a file that is empty") {
    make_crashed_bank(path, "wal");
    write_file(path, std::string_view());
  }
  SUBCASE("a log and no file") {
    make_crashed_bank(path, "wal");
    fs::remove(path);
  }

  restore_to(path, *snapshot, true);

  CHECK_EQ(files_below(folder.path()), std::vector<std::string>{"bank.db"});
  CHECK_EQ(read_file(path), image_of(*snapshot));
  CHECK_EQ(accounts_saying(path, "saved"), 1000);
}

TEST_CASE("a log without its database is refused without overwrite, and kept") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  make_crashed_bank(folder / "bank.db", "wal");
  fs::remove(folder / "bank.db");
  const Bytes log = read_file(folder / "bank.db-wal");

  CHECK_EQ(restore_error(folder / "bank.db", *snapshot, false), ErrorCode::target_not_empty);

  CHECK_EQ(read_file(folder / "bank.db-wal"), log);
  CHECK_FALSE(fs::exists(folder / "bank.db"));
}

TEST_CASE("a restore that fails leaves what was there and no file of its own") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  const std::string path = folder / "bank.db";
  const auto what_is_there = [&] {
    std::string all;
    for (const std::string& name : files_below(folder.path())) all += name + "\n" + to_text(read_file(folder / name));
    return all;
  };
  SUBCASE("nothing") {}
  SUBCASE("a database") { make_bank(path, "wal"); }
  SUBCASE("a database that a crashed process left with its log") { make_crashed_bank(path, "wal"); }
  SUBCASE("a database that a crashed process left with a hot journal") { make_crashed_bank(path, "delete"); }
  const std::string before = what_is_there();

  SUBCASE("because the snapshot is damaged") {
    snapshot->fail_at_byte(image_of(*snapshot).size() / 2);
    CHECK_EQ(restore_error(path, *snapshot, true), ErrorCode::damaged);
  }
  SUBCASE("because bytes are missing") {
    snapshot->edit().entries[0].size += 4096;
    CHECK_EQ(restore_error(path, *snapshot, true), ErrorCode::damaged);
  }
  SUBCASE("because the snapshot is of another engine") {
    snapshot->edit().source.engine = "redis";
    CHECK_EQ(restore_error(path, *snapshot, true), ErrorCode::invalid_argument);
  }
  SUBCASE("because there is no room") {
    ChildProcess child = ChildProcess::fork([&] {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{65536, 65536};
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 90;
      try {
        restore_to(path, *snapshot, true);
      } catch (const Error& error) {
        return error.code() == ErrorCode::no_space ? 0 : 1;
      }
      return 2;
    });
    const auto status = child.wait();
    REQUIRE(status.has_value());
    CHECK_EQ(status->code, 0);
  }

  CHECK_EQ(what_is_there(), before);
}

TEST_CASE("parked files come back unless they are kept away") {
  const TempFolder folder;
  for (const char* suffix : {"-wal", "-shm", "-journal"}) write_file(folder / ("db" + std::string(suffix)), "kept");
  const auto before = files_below(folder.path());
  {
    const sqlite::ParkedFiles parked(folder / "db", folder / ".aside");
    CHECK(parked.any());
    CHECK_FALSE(fs::exists(folder / "db-wal"));
  }
  CHECK_EQ(files_below(folder.path()), before);
  {
    sqlite::ParkedFiles parked(folder / "db", folder / ".aside");
    parked.keep_away();
  }
  CHECK(files_below(folder.path()).empty());
}

TEST_CASE("the database that is replaced is made whole before its log is taken away") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_crashed_bank(path, "wal");
  {
    const sqlite::ReplacedDatabase replaced(path, {});
    CHECK_EQ(fs::file_size(path + "-wal"), 0);
    CHECK_EQ(Database::immutable(path).number("SELECT count(*) FROM account WHERE note = 'logged'"), 1000);
    ChildProcess peer = ChildProcess::start({"sqlite3", path, "PRAGMA busy_timeout = 0; SELECT * FROM account"});
    REQUIRE(peer.wait().has_value());
    CHECK_NE(peer.err().find("locked"), std::string::npos);
  }
  CHECK_EQ(accounts_saying(path, "logged"), 1000);
}

TEST_CASE("a check tells sound databases from others") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  const auto check = [&] { make_sqlite_engine({.path = path})->check_restored({}); };
  SUBCASE("sound") { check(); }
  SUBCASE("not there") {
    fs::remove(path);
    CHECK_EQ(error_of(check).code(), ErrorCode::source_unreachable);
  }
  SUBCASE("pages overwritten") {
    Bytes bytes = read_file(path);
    std::fill(bytes.begin() + 8192, bytes.begin() + 60000, std::byte{0xee});
    write_file(path, bytes);
    const Error error = error_of(check);
    CHECK_EQ(error.code(), ErrorCode::damaged);
    CHECK_FALSE(error.why().empty());
  }
  SUBCASE("header overwritten") {
    Bytes bytes = read_file(path);
    std::fill(bytes.begin(), bytes.begin() + 50, std::byte{0xee});
    write_file(path, bytes);
    CHECK_EQ(error_of(check).code(), ErrorCode::damaged);
  }
  SUBCASE("a cancelled check is no verdict") {
    Context context;
    std::stop_source stop;
    context.stop = stop.get_token();
    stop.request_stop();
    CHECK_EQ(error_of([&] { make_sqlite_engine({.path = path})->check_restored(context); }).code(),
             ErrorCode::cancelled);
  }
  SUBCASE("an index that needs a collation of the application does not count against it") {
    const Database application(path);
    sqlite3_create_collation(application.handle(), "special", SQLITE_UTF8, nullptr,
                             [](void*, int, const void*, int, const void*) { return 0; });
    application.run("CREATE TABLE named(name TEXT COLLATE special); CREATE INDEX by_name ON named(name)");
    check();
  }
}

TEST_CASE("a scratch target is a file of its own in the folder that was given") {
  const TempFolder folder;
  const auto snapshot = saved_bank();
  const auto scratch = make_sqlite_engine({.path = "/nowhere/bank.db"})->scratch_target(folder.path());

  scratch->restore(*snapshot, {}, {});

  scratch->check_restored({});
  REQUIRE_EQ(files_below(folder.path()).size(), 1);
  CHECK_EQ(accounts_saying(folder / files_below(folder.path())[0], "saved"), 1000);
}

}  // namespace
}  // namespace dbsnap::testing
