// Snapshots through a connection that the host program holds already.
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <filesystem>

#include "integration/sqlite_fixture.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;

TEST_CASE("a lent connection is read through and given back as it was") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  std::string mode;
  SUBCASE("WAL mode") { mode = "wal"; }
  SUBCASE("rollback journal that is deleted") { mode = "delete"; }
  SUBCASE("rollback journal that is kept") { mode = "persist"; }
  SUBCASE("rollback journal that is cut") { mode = "truncate"; }
  make_bank(path, mode);
  const Database host(path);
  host.run("PRAGMA journal_mode = " + mode + "; UPDATE account SET note = 'mine'; PRAGMA cache_size = 7");

  const auto snapshot = capture(*make_sqlite_engine({.path = {}, .connection = host.handle()}), 1);

  CHECK_EQ(open_image(*snapshot, folder / "copy.db").content(), host.content());
  CHECK_EQ(text_fact(*snapshot, "journal_mode"), mode == "wal" ? "wal" : "rollback");
  CHECK_NE(sqlite3_get_autocommit(host.handle()), 0);
  CHECK_EQ(host.number("PRAGMA cache_size"), 7);
  CHECK_EQ(host.number("PRAGMA busy_timeout"), 30000);
  host.run("UPDATE account SET note = 'still mine'");
}

TEST_CASE("the locks of a host survive a snapshot through a connection of our own in the same process") {
  // Closing a descriptor of the database file by hand would drop them.
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "delete");
  const Database host(path);
  host.run("BEGIN IMMEDIATE");

  snapshot_of(path);

  ChildProcess peer = ChildProcess::start({"sqlite3", path, "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE"});
  REQUIRE(peer.wait().has_value());
  CHECK_NE(peer.err().find("locked"), std::string::npos);
  host.run("COMMIT");
}

TEST_CASE("a second SQLite library in the process is a danger that the snapshot warns of") {
  const TempFolder folder;
  make_bank(folder / "bank.db", "wal");
  Dl_info library{};
  REQUIRE_NE(::dladdr(reinterpret_cast<void*>(&sqlite3_libversion), &library), 0);
  fs::copy_file(library.dli_fname, folder / "libsqlite3-other.so");
  ChildProcess child = ChildProcess::fork([&] {
    const Database host(folder / "bank.db");
    const std::int64_t accounts = host.number("SELECT count(*) FROM account");
    const std::size_t alone = snapshot_of(folder / "bank.db")->manifest().warnings.size();
    if (::dlopen((folder / "libsqlite3-other.so").c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) return 90;
    const std::size_t with_other = snapshot_of(folder / "bank.db")->manifest().warnings.size();
    return accounts == 1000 && alone == 0 && with_other == 1 ? 0 : 1;
  });
  const auto status = child.wait();
  INFO(child.err());
  REQUIRE(status.has_value());
  CHECK_EQ(status->code, 0);
}

TEST_CASE("an attached database is backed up under its schema name") {
  const TempFolder folder;
  make_bank(folder / "bank.db", "wal");
  std::string mode;
  SUBCASE("WAL mode") { mode = "wal"; }
  SUBCASE("rollback journal") { mode = "delete"; }
  make_bank(folder / "other.db", mode);
  const Database host(folder / "bank.db");
  host.run("ATTACH '" + (folder / "other.db") +
           "' AS \"odd \"\" name\"; UPDATE \"odd \"\" name\".account SET note = 'other'");

  const auto engine = make_sqlite_engine({.path = {}, .connection = host.handle(), .schema = "odd \" name"});
  const auto snapshot = capture(*engine, 1);

  CHECK_EQ(engine->describe().name, "other.db");
  const Database image = open_image(*snapshot, folder / "copy.db");
  CHECK_EQ(image.number("SELECT count(*) FROM account WHERE note = 'other'"), 1000);
}

TEST_CASE("a connection in exclusive locking mode gives a snapshot through itself") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "delete");
  const Database host(path);
  bool changes = true;
  SUBCASE("WAL, whose index is in the connection's own memory") {
    host.run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; UPDATE account SET note = 'alone'");
    REQUIRE_FALSE(fs::exists(path + "-shm"));
  }
  SUBCASE("WAL, whose index was shared before") {
    host.run("PRAGMA journal_mode = WAL; UPDATE account SET note = 'alone'; PRAGMA locking_mode = EXCLUSIVE");
    CHECK_EQ(host.number("SELECT count(*) FROM account"), 1000);
  }
  SUBCASE("WAL with nothing in it") {
    host.run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL");
    changes = false;
  }
  SUBCASE("rollback journal") { host.run("PRAGMA locking_mode = EXCLUSIVE; UPDATE account SET note = 'alone'"); }

  const auto snapshot = capture(*make_sqlite_engine({.path = {}, .connection = host.handle()}), 1);

  const Database image = open_image(*snapshot, folder / "copy.db");
  CHECK_EQ(image.number("SELECT count(*) FROM account WHERE note = 'alone'"), changes ? 1000 : 0);
  host.run("UPDATE account SET note = 'after'");
}

TEST_CASE("a connection that is inside a transaction is not taken") {
  const TempFolder folder;
  make_bank(folder / "bank.db", "wal");
  const Database host(folder / "bank.db");
  sqlite3_stmt* statement = nullptr;
  SUBCASE("of its own making") { host.run("BEGIN"); }
  SUBCASE("because a query is half read") {
    REQUIRE_EQ(sqlite3_prepare_v2(host.handle(), "SELECT * FROM account", -1, &statement, nullptr), SQLITE_OK);
    REQUIRE_EQ(sqlite3_step(statement), SQLITE_ROW);
  }
  const auto engine = make_sqlite_engine({.path = {}, .connection = host.handle()});
  CHECK_EQ(error_of([&] { engine->begin({}, {}); }).code(), ErrorCode::invalid_argument);
  sqlite3_finalize(statement);
}

TEST_CASE("a host that ends the transaction of a running snapshot is told") {
  const TempFolder folder;
  make_bank(folder / "bank.db", "wal");
  const Database host(folder / "bank.db");
  const auto session = make_sqlite_engine({.path = {}, .connection = host.handle()})->begin({}, {});
  const auto entry = session->next({});
  Bytes slab(4096);
  entry->reader->read(slab, {});

  host.run("COMMIT");

  CHECK_EQ(error_of([&] { entry->reader->read(slab, {}); }).code(), ErrorCode::invalid_argument);
  CHECK_EQ(error_of([&] { session->finish({}); }).code(), ErrorCode::internal);
}

TEST_CASE("a lent connection is not restored to") {
  const TempFolder folder;
  make_bank(folder / "bank.db", "wal");
  const Database host(folder / "bank.db");
  const auto engine = make_sqlite_engine({.path = {}, .connection = host.handle()});
  const auto snapshot = capture(*engine, 1);
  CHECK_EQ(error_of([&] { engine->restore(*snapshot, {.overwrite = true}, {}); }).code(), ErrorCode::invalid_argument);
  CHECK_EQ(error_of([&] { engine->check_restored({}); }).code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace dbsnap::testing
