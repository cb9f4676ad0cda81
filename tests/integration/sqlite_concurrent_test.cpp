// Snapshots while other processes write, checkpoint and restart the log.
#include <doctest/doctest.h>

#include <filesystem>
#include <optional>

#include "integration/sqlite_fixture.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;

/// The invariants of a bank; returns how many commits the image shows.
std::int64_t check_bank(const MemorySnapshot& snapshot, const std::string& path) {
  const Database image = open_image(snapshot, path);
  CHECK_EQ(image.number("SELECT sum(balance) FROM account"), kBankTotal);
  CHECK_EQ(image.number("SELECT count(*) FROM account"), 1000);
  return image.number("SELECT commits FROM progress");
}

std::int64_t number_after(const std::string& text, const std::string& word) {
  return std::stoll(text.substr(text.find(word) + word.size()));
}

/// Begins a session and reads its first page, so that the rest can be read after something has happened.
struct OpenSnapshot {
  explicit OpenSnapshot(const std::string& path) : session(make_sqlite_engine({.path = path})->begin({}, {})) {
    entry = session->next({});
    image.resize(4096);
    image.resize(entry->reader->read(image, {}));
  }

  /// Reads the rest and returns the whole.
  std::unique_ptr<MemorySnapshot> finish() {
    Bytes slab(std::size_t{1} << 16);
    while (const std::size_t count = entry->reader->read(slab, {})) {
      image.insert(image.end(), slab.begin(), slab.begin() + static_cast<std::ptrdiff_t>(count));
    }
    const SessionResult result = session->finish({});
    auto snapshot = std::make_unique<MemorySnapshot>();
    snapshot->add_entry("main", EntryKind::page_file, std::move(image));
    snapshot->edit().engine_facts = result.facts;
    return snapshot;
  }

  std::unique_ptr<Session> session;
  std::optional<Entry> entry;
  Bytes image;
};

TEST_CASE("every snapshot of a bank shows the same total while another process moves money") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  std::vector<std::string> arguments{"transfer", path};
  std::string mode = "wal";
  int snapshots = 40;
  SUBCASE("WAL mode") {}
  SUBCASE("WAL mode with frequent checkpoints that restart the log") {
    arguments.insert(arguments.end(), {"TRUNCATE", "7"});
  }
  SUBCASE("WAL mode with passive checkpoints") { arguments.insert(arguments.end(), {"PASSIVE", "5"}); }
  SUBCASE("rollback journal") {
    mode = "delete";
    snapshots = 25;
  }
  make_bank(path, mode);
  ChildProcess peer = start_peer(arguments);
  std::int64_t last_commits = 0;
  for (int i = 0; i < snapshots; ++i) {
    const std::int64_t commits = check_bank(*snapshot_of(path), folder / "copy.db");
    CHECK_GE(commits, last_commits);
    last_commits = commits;
  }
  CHECK_GT(last_commits, 0);
  CHECK_GE(number_after(stop_peer(peer), "commits "), last_commits);
}

TEST_CASE("a writer that does not wait for locks never meets one because of a snapshot in WAL mode") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  ChildProcess peer = start_peer({"impatient-transfer", path});
  for (int i = 0; i < 40; ++i) {
    const auto snapshot = snapshot_of(path);
    check_bank(*snapshot, folder / "copy.db");
    CHECK_EQ(duration_fact(*snapshot, "exclusive_ms"), 0.0);
  }
  CHECK_EQ(number_after(stop_peer(peer), "busy "), 0);
}

TEST_CASE("a snapshot shows exactly what its own transaction sees, however much is written meanwhile") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  ChildProcess peer = start_peer({"transfer", path, "PASSIVE", "50"});
  for (int i = 0; i < 8; ++i) {
    const Database lent(path, SQLITE_OPEN_READWRITE);
    const auto engine = make_sqlite_engine({.path = path, .connection = lent.handle()});
    const auto session = engine->begin({}, {});
    const std::string copy = folder / ("copy" + std::to_string(i));
    lent.back_up_to(copy);  // inside the session's own transaction
    const auto snapshot = drain(*session, 1);
    CHECK_EQ(open_image(*snapshot, folder / "image.db").content(), Database(copy).content());
  }
  stop_peer(peer);
}

TEST_CASE("a snapshot ends at the very commit that its own transaction ends at") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  std::vector<std::string> writing{"transfer", path};
  std::string checkpoints;
  SUBCASE("with passive checkpoints of the writer") { writing.insert(writing.end(), {"PASSIVE", "3"}); }
  SUBCASE("with truncating checkpoints of the writer") { writing.insert(writing.end(), {"TRUNCATE", "7"}); }
  SUBCASE("with passive checkpoints of a third process") { checkpoints = "PASSIVE"; }
  SUBCASE("with restarting checkpoints of a third process") { checkpoints = "RESTART"; }
  ChildProcess writer = start_peer(writing);
  std::optional<ChildProcess> checkpointer;
  if (!checkpoints.empty()) checkpointer = start_peer({"checkpoint", path, checkpoints});
  const Database lent(path, SQLITE_OPEN_READWRITE);
  const auto engine = make_sqlite_engine({.path = path, .connection = lent.handle()});
  for (int i = 0; i < 60; ++i) {
    const auto session = engine->begin({}, {});
    const std::int64_t commits = lent.number("SELECT commits FROM progress");
    const auto snapshot = drain(*session, 1);
    write_file(folder / "image.db", image_of(*snapshot));
    CHECK_EQ(Database::immutable(folder / "image.db").number("SELECT commits FROM progress"), commits);
  }
  if (checkpointer) stop_peer(*checkpointer);
  stop_peer(writer);
}

TEST_CASE("a database that grows without pause gives a snapshot of one moment") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  ChildProcess peer = start_peer({"grow", path});
  std::size_t last_size = 0;
  for (int i = 0; i < 10; ++i) {
    const auto snapshot = snapshot_of(path);
    check_bank(*snapshot, folder / "copy.db");
    CHECK_EQ(image_of(*snapshot).size(), static_cast<std::size_t>(number_fact(*snapshot, "page_count")) * 4096);
    CHECK_GE(image_of(*snapshot).size(), last_size);
    last_size = image_of(*snapshot).size();
  }
  CHECK_GT(number_after(stop_peer(peer), "commits "), 20);
}

TEST_CASE("a log that others checkpoint and write on while it is read stays readable to its end") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  run_peer({"run", path, "UPDATE account SET note = 'before'"});
  const Database keeper(path);  // keeps the log alive
  CHECK_EQ(keeper.number("SELECT count(*) FROM account"), 1000);
  OpenSnapshot snapshot(path);

  run_peer({"run", path, "UPDATE account SET note = 'after', balance = 0; PRAGMA wal_checkpoint(PASSIVE)"});
  run_peer({"run", path, "DELETE FROM account WHERE id > 10; VACUUM; PRAGMA wal_checkpoint(PASSIVE)"});

  const auto result = snapshot.finish();
  check_bank(*result, folder / "copy.db");
  CHECK_EQ(open_image(*result, folder / "copy.db").number("SELECT count(*) FROM account WHERE note = 'before'"), 1000);
}

TEST_CASE("a log that starts over while it is read is no loss, because the file then holds every page") {
  // All of the log is in the file when the snapshot begins. Nothing but that lets a writer begin the log anew
  // under an open snapshot.
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  const Database keeper(path);  // keeps the log alive
  REQUIRE_EQ(keeper.number("SELECT count(*) FROM account"), 1000);
  run_peer({"run", path, "UPDATE account SET note = 'before'; PRAGMA wal_checkpoint(PASSIVE)"});
  REQUIRE_EQ(keeper.number("SELECT count(*) FROM account WHERE note = 'before'"), 1000);
  REQUIRE_GT(fs::file_size(path + "-wal"), 0);
  const Bytes log_before = read_file(path + "-wal");
  OpenSnapshot snapshot(path);

  run_peer({"run", path, "UPDATE account SET note = 'after', balance = 0"});
  std::string how;
  SUBCASE("and is written on") {}
  SUBCASE("and is checkpointed") { run_peer({"run", path, "PRAGMA wal_checkpoint(PASSIVE)"}); }
  REQUIRE_NE(Bytes(log_before.begin(), log_before.begin() + 32), [&] {
    const Bytes now = read_file(path + "-wal");
    return Bytes(now.begin(), now.begin() + 32);
  }());

  const auto result = snapshot.finish();
  check_bank(*result, folder / "copy.db");
  CHECK_EQ(open_image(*result, folder / "copy.db").number("SELECT count(*) FROM account WHERE note = 'before'"), 1000);
}

TEST_CASE("checkpoints of another process without pause do not spoil a snapshot") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  std::string mode;
  SUBCASE("RESTART") { mode = "RESTART"; }
  SUBCASE("TRUNCATE") { mode = "TRUNCATE"; }
  ChildProcess writer = start_peer({"transfer", path});
  ChildProcess checkpointer = start_peer({"checkpoint", path, mode});
  for (int i = 0; i < 40; ++i) check_bank(*snapshot_of(path), folder / "copy.db");
  stop_peer(checkpointer);
  stop_peer(writer);
}

TEST_CASE("in rollback mode a snapshot holds commits back for as long as it says, and no longer") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "delete");
  const Database application(path);
  sqlite3_busy_timeout(application.handle(), 0);
  OpenSnapshot snapshot(path);

  CHECK_THROWS_WITH(application.run("UPDATE account SET balance = balance"), doctest::Contains("locked"));
  const auto result = snapshot.finish();
  application.run("UPDATE account SET balance = balance");

  CHECK_GT(duration_fact(*result, "shared_ms"), 0.0);
  CHECK_EQ(duration_fact(*result, "exclusive_ms"), 0.0);
}

TEST_CASE("a snapshot that is given up lets the database go at once") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "delete");
  const Database application(path);
  sqlite3_busy_timeout(application.handle(), 0);
  { const OpenSnapshot given_up(path); }
  application.run("UPDATE account SET balance = balance");
}

}  // namespace
}  // namespace dbsnap::testing
