// Databases that a dead process left behind, and databases that may only be read.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "integration/sqlite_fixture.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

void kill_peer(ChildProcess& peer) {
  peer.kill(SIGKILL);
  REQUIRE(peer.wait().has_value());
}

/// A bank whose writer died in the middle of a transaction that had reached the file.
void make_bank_with_hot_journal(const std::string& path) {
  make_bank(path, "delete");
  const Bytes before = read_file(path);
  ChildProcess peer =
      start_peer({"hold", path, "PRAGMA cache_size = 5; BEGIN; UPDATE account SET balance = 0, note = 'x'"});
  kill_peer(peer);
  REQUIRE_GT(fs::file_size(path + "-journal"), 512);
  REQUIRE_NE(read_file(path), before);
}

/// A bank whose last 1000 changes are in its log only, and whose writer is dead.
void make_bank_with_orphaned_log(const std::string& path) {
  make_bank(path, "wal");
  ChildProcess peer = start_peer({"hold", path, "UPDATE account SET note = 'logged'"});
  kill_peer(peer);
  REQUIRE_GT(fs::file_size(path + "-wal"), 4096);
}

/// Runs `work` as a user to whom the permissions of files apply: root may do everything.
std::string as_plain_user(const std::function<int()>& work) {
  ChildProcess child = ChildProcess::fork([&] {
    if (::getuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) return 90;
    const int code = work();
    std::fflush(stdout);
    return code;
  });
  const auto status = child.wait();
  INFO(child.err());
  REQUIRE(status.has_value());
  REQUIRE_EQ(status->code, 0);
  return child.out();
}

/// Takes a snapshot in this process, keeps the image in `image` and prints what a test wants to know.
int report_snapshot(const std::string& path, const std::string& image) {
  try {
    const auto snapshot = snapshot_of(path);
    write_file(image, image_of(*snapshot));
    std::printf("pages %d locked %d warnings %zu\n", static_cast<int>(number_fact(*snapshot, "page_count")),
                std::get<bool>(snapshot->manifest().engine_facts.at("read_without_locks")) ? 0 : 1,
                snapshot->manifest().warnings.size());
  } catch (const Error& error) {
    std::printf("error %s\n", std::string(name_of(error.code())).c_str());
  }
  return 0;
}

/// A folder with a database in it that plain users may read but not write, and one they may write to.
struct ReadOnlyPlace {
  ReadOnlyPlace() {
    fs::create_directory(folder / "data");
    fs::create_directory(folder / "open");
    REQUIRE_EQ(::chmod(folder.path().c_str(), 0755), 0);
    REQUIRE_EQ(::chmod((folder / "open").c_str(), 0777), 0);
  }
  ~ReadOnlyPlace() { ::chmod((folder / "data").c_str(), 0755); }

  void close() const {
    for (const std::string& name : files_below(folder / "data")) {
      REQUIRE_EQ(::chmod((folder / ("data/" + name)).c_str(), 0444), 0);
    }
    REQUIRE_EQ(::chmod((folder / "data").c_str(), 0555), 0);
  }

  TempFolder folder;
  std::string path = folder / "data/bank.db";
  std::string image = folder / "open/image.db";
};

TEST_CASE("a transaction that died with its writer is rolled back before the snapshot, which says so") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank_with_hot_journal(path);

  const auto snapshot = snapshot_of(path);

  CHECK_EQ(open_image(*snapshot, folder / "copy.db").number("SELECT sum(balance) FROM account"), kBankTotal);
  CHECK(std::get<bool>(snapshot->manifest().engine_facts.at("hot_journal")));
  CHECK_GT(duration_fact(*snapshot, "exclusive_ms"), 0.0);
  CHECK_FALSE(fs::exists(path + "-journal"));
}

TEST_CASE("a journal that a living writer holds is not taken for a dead one's") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "delete");
  ChildProcess peer = start_peer({"hold", path, "BEGIN IMMEDIATE; UPDATE account SET balance = 0 WHERE id = 1"});

  const auto snapshot = snapshot_of(path);

  CHECK_EQ(open_image(*snapshot, folder / "copy.db").number("SELECT sum(balance) FROM account"), kBankTotal);
  CHECK_EQ(snapshot->manifest().engine_facts.count("hot_journal"), 0);
  stop_peer(peer);
}

TEST_CASE("a log that a dead writer left is part of the snapshot") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank_with_orphaned_log(path);

  const auto snapshot = snapshot_of(path);

  const Database image = open_image(*snapshot, folder / "copy.db");
  CHECK_EQ(image.number("SELECT count(*) FROM account WHERE note = 'logged'"), 1000);
}

TEST_CASE("a half-written commit at the end of a log is not part of the snapshot") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank_with_orphaned_log(path);
  fs::remove(path + "-shm");
  fs::resize_file(path + "-wal", fs::file_size(path + "-wal") - 2000);

  const auto snapshot = snapshot_of(path);

  const Database image = open_image(*snapshot, folder / "copy.db");
  CHECK_EQ(image.number("SELECT count(*) FROM account WHERE note = 'logged'"), 0);
}

TEST_CASE("writers that are killed at any moment leave a database whose snapshot is consistent") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  std::string mode;
  SUBCASE("WAL mode") { mode = "wal"; }
  SUBCASE("rollback journal") { mode = "delete"; }
  make_bank(path, mode);
  for (int i = 0; i < 12; ++i) {
    ChildProcess peer = start_peer({"transfer", path, "PASSIVE", "9"});
    kill_peer(peer);
    const auto snapshot = snapshot_of(path);
    CHECK_EQ(open_image(*snapshot, folder / "copy.db").number("SELECT sum(balance) FROM account"), kBankTotal);
  }
}

TEST_CASE("a read-only database in a read-only folder is read under its locks in rollback mode") {
  const ReadOnlyPlace place;
  make_bank(place.path, "delete");
  place.close();

  const std::string said = as_plain_user([&] { return report_snapshot(place.path, place.image); });

  CHECK_NE(said.find("locked 1 warnings 0"), std::string::npos);
  CHECK_EQ(read_file(place.image), read_file(place.path));
}

TEST_CASE("a read-only database in WAL mode is read without locks, with a warning") {
  const ReadOnlyPlace place;
  std::int64_t logged = 0;
  SUBCASE("when it was closed well") { make_bank(place.path, "wal"); }
  SUBCASE("when its log holds changes") {
    make_bank_with_orphaned_log(place.path);
    logged = 1000;
  }
  SUBCASE("when its log holds changes and the index is gone") {
    make_bank_with_orphaned_log(place.path);
    fs::remove(place.path + "-shm");
    logged = 1000;
  }
  place.close();
  const auto files = files_below(place.folder / "data");

  const std::string said = as_plain_user([&] { return report_snapshot(place.path, place.image); });

  CHECK_NE(said.find("locked 0 warnings 1"), std::string::npos);
  const Database image = Database::immutable(place.image);
  CHECK_EQ(image.text("PRAGMA integrity_check"), "ok");
  CHECK_EQ(image.number("SELECT count(*) FROM account WHERE note = 'logged'"), logged);
  CHECK_EQ(files_below(place.folder / "data"), files);
}

TEST_CASE("a read-only database in WAL mode that others write to is read under its locks") {
  const ReadOnlyPlace place;
  make_bank(place.path, "wal");
  ChildProcess peer = start_peer({"transfer", place.path, "PASSIVE", "10"});
  place.close();
  for (int i = 0; i < 5; ++i) {
    const std::string said = as_plain_user([&] { return report_snapshot(place.path, place.image); });
    CHECK_NE(said.find("locked 1 warnings 0"), std::string::npos);
    const Database image = Database::immutable(place.image);
    CHECK_EQ(image.text("PRAGMA integrity_check"), "ok");
    CHECK_EQ(image.number("SELECT sum(balance) FROM account"), kBankTotal);
  }
  stop_peer(peer);
}

TEST_CASE("a database that needs to be recovered is refused where it may not be written") {
  const ReadOnlyPlace place;
  make_bank_with_hot_journal(place.path);
  place.close();

  const std::string said = as_plain_user([&] { return report_snapshot(place.path, place.image); });

  CHECK_NE(said.find("error access-refused"), std::string::npos);
}

TEST_CASE("a database that may not be read is refused") {
  const ReadOnlyPlace place;
  make_bank(place.path, "delete");
  REQUIRE_EQ(::chmod(place.path.c_str(), 0), 0);

  const std::string said = as_plain_user([&] { return report_snapshot(place.path, place.image); });

  CHECK_NE(said.find("error access-refused"), std::string::npos);
}

}  // namespace
}  // namespace dbsnap::testing
