// Parts of the engine whose corner cases no real database shows on demand.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <filesystem>

#include "engines/sqlite/connection.hpp"
#include "engines/sqlite/database_header.hpp"
#include "engines/sqlite/frame_map.hpp"
#include "engines/sqlite/frozen_files.hpp"
#include "engines/sqlite/open_files.hpp"
#include "engines/sqlite/page_view.hpp"
#include "engines/sqlite/wal_file.hpp"
#include "engines/sqlite/wal_pin.hpp"
#include "harness/random_data.hpp"
#include "integration/sqlite_fixture.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;
using namespace sqlite;

/// A connection of the engine's kind that has read once, so that its log and index are open.
Connection reading_connection(const std::string& path) {
  Connection connection = Connection::open(path);
  REQUIRE_EQ(begin_reading(connection), SQLITE_OK);
  end_reading(connection);
  return connection;
}

std::unique_ptr<RandomReader> reader_of(const Connection& connection) {
  return std::make_unique<SqliteFileReader>(connection.database_file(), connection.path(), 65536);
}

TEST_CASE("a frame map keeps the newest frame of each page, also for more entries than it holds at once") {
  FrameMap map;
  constexpr std::uint32_t kPages = 1000;
  constexpr std::uint32_t kFrames = 1000000;
  for (std::uint32_t frame = 1; frame <= kFrames; ++frame) map.add(frame * 7 % kPages * 3 + 1, frame);
  map.seal();
  CHECK_EQ(map.size(), kPages);
  for (std::uint32_t frame = kFrames - kPages + 1; frame <= kFrames; ++frame) {
    CHECK_EQ(map.frame_of(frame * 7 % kPages * 3 + 1), frame);
  }
  CHECK_EQ(map.frame_of(2), 0);
  CHECK_EQ(map.next_page(2), 4);
  CHECK_EQ(map.next_page(kPages * 3), 0xffffffffU);
}

TEST_CASE("a pin that never gets a quiet moment holds writers for one, and says for how long") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  ChildProcess peer = start_peer({"transfer", path, "PASSIVE", "20"});
  for (int i = 0; i < 10; ++i) {
    const Connection connection = reading_connection(path);
    const auto index = WalIndex::map(connection.database_file(), path);
    REQUIRE(index.has_value());
    const WalPin pin = pin_wal(connection, *index, std::chrono::seconds(30), {}, 0);
    CHECK_GT(pin.exclusive.count(), 0.0);

    PageView view(path, pin.header.page_size, pin.header.page_count, reader_of(connection),
                  overlay_of(connection, *index, pin, {}));
    Bytes image(view.size_bytes());
    view.read(1, image);
    write_file(folder / "copy.db", image);
    const Database copy = Database::immutable(folder / "copy.db");
    CHECK_EQ(copy.text("PRAGMA integrity_check"), "ok");
    CHECK_EQ(copy.number("SELECT sum(balance) FROM account"), kBankTotal);
    end_reading(connection);
  }
  stop_peer(peer);
}

TEST_CASE("a page that a later checkpoint passes over, because it has newer frames, is read from the log") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  const Database owner(path);
  owner.run("PRAGMA wal_autocheckpoint = 0; UPDATE account SET note = 'ours'");
  const Connection connection = reading_connection(path);
  const auto index = WalIndex::map(connection.database_file(), path);
  const WalPin pin = pin_wal(connection, *index, std::chrono::seconds(1), {});
  owner.run("UPDATE account SET note = 'newer'; PRAGMA wal_checkpoint(PASSIVE)");
  REQUIRE_EQ(index->backfilled(), pin.header.max_frame);

  PageView view(path, pin.header.page_size, pin.header.page_count, reader_of(connection),
                overlay_of(connection, *index, pin, {}));
  Bytes image(view.size_bytes());
  view.read(1, image);

  write_file(folder / "copy.db", image);
  const Database copy = Database::immutable(folder / "copy.db");
  CHECK_EQ(copy.number("SELECT count(*) FROM account WHERE note = 'ours'"), 1000);
  end_reading(connection);
}

TEST_CASE("a log that has started over is dropped in the middle of a view") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  const Database owner(path);
  owner.run("UPDATE account SET note = 'first'; PRAGMA wal_checkpoint(PASSIVE)");
  const Connection connection = reading_connection(path);
  const auto index = WalIndex::map(connection.database_file(), path);
  REQUIRE(index.has_value());
  const WalPin pin = pin_wal(connection, *index, std::chrono::seconds(1), {});
  const Bytes file = bytes_of_open_file(path);

  // The map names frames as if none of them were in the file yet; then a writer starts the log over.
  auto log = std::make_unique<SqliteFileReader>(connection.journal_file(), path, 65536);
  LogOverlay overlay{std::move(log), {}, pin.header.salts, index};
  for (std::uint32_t page = 1; page <= pin.header.page_count; ++page) overlay.frames.add(page, page);
  overlay.frames.seal();
  PageView view(path, pin.header.page_size, pin.header.page_count, reader_of(connection), std::move(overlay));
  run_peer({"run", path, "UPDATE account SET note = 'second'"});
  REQUIRE_FALSE(index->still_has(pin.header.salts));

  Bytes image(view.size_bytes());
  view.read(1, image);

  CHECK_EQ(image, file);
  CHECK_EQ(view.pages_in_log(), 0);
  end_reading(connection);
}

TEST_CASE("a frame that holds another page than the map says is damage, not data") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  const Database owner(path);
  owner.run("UPDATE account SET note = 'first'");
  const Connection connection = reading_connection(path);
  const auto index = WalIndex::map(connection.database_file(), path);
  const WalPin pin = pin_wal(connection, *index, std::chrono::seconds(1), {});
  auto overlay = overlay_of(connection, *index, pin, {});
  REQUIRE(overlay.has_value());
  FrameMap wrong;
  for (std::uint32_t page = 1; page <= pin.header.page_count; ++page) wrong.add(page, 1);
  wrong.seal();
  overlay->frames = std::move(wrong);
  PageView view(path, pin.header.page_size, pin.header.page_count, reader_of(connection), std::move(overlay));
  Bytes image(view.size_bytes());
  CHECK_EQ(error_of([&] { view.read(1, image); }).code(), ErrorCode::damaged);
  end_reading(connection);
}

TEST_CASE("a scan of a log finds what its index says") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  const Database owner(path);
  owner.run("UPDATE account SET note = 'a'; UPDATE account SET note = 'b' WHERE id < 500");
  const Connection connection = reading_connection(path);
  const auto index = WalIndex::map(connection.database_file(), path);
  const WalPin pin = pin_wal(connection, *index, std::chrono::seconds(1), {});
  const auto overlay = overlay_of(connection, *index, pin, {});
  REQUIRE(overlay.has_value());

  PlainFileReader log(PosixFile::open(path + "-wal", O_RDONLY));
  const auto scan = scan_wal(log, {});

  REQUIRE(scan.has_value());
  CHECK_EQ(scan->max_frame, pin.header.max_frame);
  CHECK_EQ(scan->page_count, pin.header.page_count);
  CHECK_EQ(scan->page_size, pin.header.page_size);
  CHECK(scan->salts == pin.header.salts);
  for (std::uint32_t page = 1; page <= pin.header.page_count; ++page) {
    if (overlay->frames.frame_of(page) != 0) CHECK_EQ(scan->frames.frame_of(page), overlay->frames.frame_of(page));
  }
  end_reading(connection);
}

TEST_CASE("a scan stops at the first frame whose bytes are not what was written") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "wal");
  const Database owner(path);
  owner.run("UPDATE account SET note = 'a'");
  const auto scanned = [&](const Bytes& log) {
    write_file(folder / "log", log);
    PlainFileReader reader(PosixFile::open(folder / "log", O_RDONLY));
    return scan_wal(reader, {});
  };
  const Bytes log = read_file(path + "-wal");
  const std::uint32_t whole = scanned(log)->max_frame;
  REQUIRE_GT(whole, 1);
  Random random(7);
  for (int i = 0; i < 200; ++i) {
    Bytes changed = log;
    const std::size_t at = random.below(32 + std::uint64_t{whole} * 4120);
    changed[at] ^= std::byte{0x10};
    CAPTURE(at);
    const auto scan = scanned(changed);
    const bool stopped = !scan || scan->max_frame < whole;
    CHECK(stopped);
    if (scan && at >= 32) CHECK_LE(scan->max_frame, (at - 32) / 4120);
  }
  CHECK_FALSE(scanned(Random(1).bytes(5000)).has_value());
  CHECK_FALSE(scanned({}).has_value());
}

TEST_CASE("a change of a file that is read without locks is found") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "delete");
  const FrozenFiles frozen(path, {});
  frozen.check_unchanged();
  SUBCASE("to the database") { Database(path).run("UPDATE account SET balance = 1 WHERE id = 1"); }
  SUBCASE("a log that appears") { write_file(path + "-wal", "x"); }
  SUBCASE("another file under the name") {
    fs::copy_file(path, folder / "copy");
    fs::rename(folder / "copy", path);
  }
  const Error error = error_of([&] { frozen.check_unchanged(); });
  CHECK_EQ(error.code(), ErrorCode::locked);
  CHECK(error.retryable());
}

TEST_CASE("a process that holds a file open is found") {
  const TempFolder folder;
  const std::string path = folder / "bank.db";
  make_bank(path, "delete");
  CHECK_FALSE(process_that_holds(path).has_value());
  CHECK_FALSE(process_that_holds(folder / "nothing").has_value());
  ChildProcess peer = start_peer({"hold", path, "SELECT * FROM account"});
  CHECK_EQ(process_that_holds(path), peer.pid());
  CHECK_FALSE(this_process_holds(path));
  const Database mine(path);
  CHECK(this_process_holds(path));
  stop_peer(peer);
}

TEST_CASE("headers are told from other bytes") {
  const TempFolder folder;
  make_bank(folder / "bank.db", "wal");
  const Bytes file = read_file(folder / "bank.db");
  const DatabaseHeader header = parse_header(file, "bank.db");
  CHECK_EQ(header.page_size, 4096);
  CHECK_EQ(header.read_version, 2);
  CHECK(header.has_page_count());
  for (const int stored : {0, 3, 256, 511, 513, 40000}) {
    Bytes changed = file;
    changed[16] = static_cast<std::byte>(stored >> 8);
    changed[17] = static_cast<std::byte>(stored & 0xff);
    CHECK_EQ(error_of([&] { parse_header(changed, "bank.db"); }).code(), ErrorCode::not_a_database);
  }
  CHECK_EQ(error_of([&] { parse_header(ByteView(file).first(99), "bank.db"); }).code(), ErrorCode::not_a_database);
}

}  // namespace
}  // namespace dbsnap::testing
