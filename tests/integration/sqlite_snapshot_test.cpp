// What a snapshot of a quiet database holds: every byte, in every shape of database.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/posix_file.hpp"
#include "integration/sqlite_fixture.hpp"

namespace dbsnap::testing {
namespace {

namespace fs = std::filesystem;

/// Folds the log into the file, as only the owner of a database may, and returns the file's bytes.
Bytes file_after_checkpoint(const Database& owner, const std::string& path) {
  owner.run("PRAGMA wal_checkpoint(TRUNCATE)");
  return bytes_of_open_file(path);
}

void fill(const Database& database, int count) {
  database.run(
      "CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY, name TEXT, data BLOB);"
      "CREATE INDEX IF NOT EXISTS by_name ON item(name);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
      std::to_string(count) + ") INSERT INTO item(name, data) SELECT 'item ' || i, randomblob(300) FROM n");
}

/// The pieces of an image that hold something, by offset: for images too large to keep, most of them holes.
using Pieces = std::map<std::uint64_t, Bytes>;

void add_piece(Pieces& pieces, std::uint64_t offset, ByteView bytes) {
  const bool zeros = bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
  if (!zeros) pieces[offset].assign(bytes.begin(), bytes.end());
}

Pieces pieces_of_snapshot(const std::string& path) {
  const auto session = make_sqlite_engine({.path = path})->begin({}, {});
  const auto entry = session->next({});
  Pieces pieces;
  Bytes slab(65536);
  std::uint64_t offset = 0;
  while (const std::size_t count = entry->reader->read(slab, {})) {
    add_piece(pieces, offset, ByteView(slab).first(count));
    offset += count;
  }
  session->finish({});
  pieces[offset] = Bytes();  // the end is a piece too
  return pieces;
}

Pieces pieces_of_file(const std::string& path) {
  const PosixFile file = PosixFile::open(path, O_RDONLY);
  Pieces pieces;
  Bytes slab(65536);
  for (off_t data = 0; (data = ::lseek(file.descriptor(), data, SEEK_DATA)) >= 0;) {
    const std::uint64_t offset = static_cast<std::uint64_t>(data) / slab.size() * slab.size();
    add_piece(pieces, offset, ByteView(slab).first(file.pread(slab, offset)));
    data = static_cast<off_t>(offset + slab.size());
  }
  pieces[file.size()] = Bytes();
  return pieces;
}

void put_be32(Bytes& bytes, std::size_t offset, std::uint32_t value) {
  for (int i = 3; i >= 0; --i, value >>= 8) bytes[offset + static_cast<std::size_t>(i)] = static_cast<std::byte>(value);
}

/// A database that is longer than 1 GiB and takes no room: all but its first pages are holes on the list of
/// free pages, in such an order that those around the lock page are used first.
void make_sparse_database(const std::string& path) {
  constexpr std::uint32_t kPage = 65536;
  constexpr std::uint32_t kLockPage = 16385;
  constexpr std::uint32_t kPages = kLockPage + 60;
  Database(path).run("PRAGMA page_size = 65536; CREATE TABLE item(id INTEGER PRIMARY KEY, data)");
  const PosixFile file = PosixFile::open(path, O_RDWR);
  Bytes header(100);
  file.pread(header, 0);
  put_be32(header, 28, kPages);
  put_be32(header, 32, 3);               // first trunk of the list
  put_be32(header, 36, kPages - 2 - 1);  // all but the two pages in use and the lock page
  file.pwrite(header, 0);
  const auto write_trunk = [&](std::uint32_t trunk, std::uint32_t next, std::uint32_t from, std::uint32_t to) {
    Bytes page(kPage);
    std::uint32_t count = 0;
    for (std::uint32_t leaf = from; leaf <= to; ++leaf) {
      if (leaf != kLockPage) put_be32(page, 8 + std::size_t{4} * count++, leaf);
    }
    put_be32(page, 0, next);
    put_be32(page, 4, count);
    file.pwrite(page, std::uint64_t{trunk - 1} * kPage);
  };
  write_trunk(3, 4, kLockPage - 60, kPages);
  write_trunk(4, 0, 5, kLockPage - 61);
  file.truncate(std::uint64_t{kPages} * kPage);
}

TEST_CASE("a snapshot is the database file byte for byte, for every page size and both journal modes") {
  for (const int page_size : {512, 1024, 2048, 4096, 8192, 16384, 32768, 65536}) {
    for (const std::string mode : {"wal", "delete"}) {
      CAPTURE(page_size);
      CAPTURE(mode);
      const TempFolder folder;
      const std::string path = folder / "app.db";
      const Database owner(path);
      owner.run("PRAGMA page_size = " + std::to_string(page_size) + "; PRAGMA journal_mode = " + mode);
      fill(owner, 400);
      owner.run("UPDATE item SET data = randomblob(500) WHERE id % 7 = 0; DELETE FROM item WHERE id % 11 = 0");

      const auto snapshot = snapshot_of(path);

      CHECK_EQ(image_of(*snapshot), file_after_checkpoint(owner, path));
      CHECK_EQ(open_image(*snapshot, folder / "copy.db").content(), owner.content());
      CHECK_EQ(number_fact(*snapshot, "page_size"), page_size);
      CHECK_EQ(number_fact(*snapshot, "page_count"), owner.number("PRAGMA page_count"));
      CHECK_EQ(text_fact(*snapshot, "journal_mode"), mode == "wal" ? "wal" : "rollback");
    }
  }
}

TEST_CASE("a log that is partly in the database file already is laid over it correctly") {
  const TempFolder folder;
  const std::string path = folder / "app.db";
  const Database owner(path);
  owner.run("PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0");
  fill(owner, 500);
  const Database reader(path);
  reader.run("BEGIN");
  CHECK_EQ(reader.number("SELECT count(*) FROM item"), 500);
  owner.run("UPDATE item SET data = randomblob(400) WHERE id % 3 = 0");
  owner.run("PRAGMA wal_checkpoint(PASSIVE)");  // stops at the reader's mark
  owner.run("UPDATE item SET data = randomblob(200) WHERE id % 5 = 0");

  const auto snapshot = snapshot_of(path);

  CHECK_GT(number_fact(*snapshot, "pages_from_log"), 0);
  reader.run("COMMIT");
  CHECK_EQ(image_of(*snapshot), file_after_checkpoint(owner, path));
}

TEST_CASE("a log of many thousand frames spans several parts of the wal-index") {
  const TempFolder folder;
  const std::string path = folder / "app.db";
  const Database owner(path);
  owner.run(
      "PRAGMA page_size = 512; PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF");
  for (int i = 0; i < 5; ++i) fill(owner, 3000);
  REQUIRE_GT(fs::file_size(path + "-wal") / 536, 3 * 4096);

  const auto snapshot = snapshot_of(path);

  CHECK_EQ(image_of(*snapshot), file_after_checkpoint(owner, path));
}

TEST_CASE("a database that shrank by vacuum in its log gives the smaller image") {
  const TempFolder folder;
  const std::string path = folder / "app.db";
  const Database owner(path);
  owner.run("PRAGMA journal_mode = wal");
  fill(owner, 3000);
  owner.run("PRAGMA wal_checkpoint(TRUNCATE); DELETE FROM item WHERE id > 100; VACUUM");

  const auto snapshot = snapshot_of(path);

  CHECK_LT(image_of(*snapshot).size(), fs::file_size(path));
  CHECK_EQ(open_image(*snapshot, folder / "copy.db").content(), owner.content());
}

TEST_CASE("a database with every kind of table comes back with all of them") {
  for (const std::string vacuum : {"full", "incremental", "none"}) {
    CAPTURE(vacuum);
    const TempFolder folder;
    const std::string path = folder / "app.db";
    const Database owner(path);
    owner.run("PRAGMA auto_vacuum = " + vacuum +
              "; PRAGMA journal_mode = wal; PRAGMA application_id = -5; PRAGMA user_version = 42");
    fill(owner, 1000);
    owner.run(
        "CREATE TABLE word(w TEXT PRIMARY KEY, n) WITHOUT ROWID; INSERT INTO word SELECT name, id FROM item;"
        "CREATE VIRTUAL TABLE doc USING fts5(body); INSERT INTO doc SELECT 'text of ' || name FROM item;"
        "CREATE VIRTUAL TABLE area USING rtree(id, x0, x1); INSERT INTO area SELECT id, id, id + 1 FROM item;"
        "CREATE VIEW short AS SELECT name FROM item; CREATE TRIGGER t AFTER DELETE ON item BEGIN SELECT 1; END;"
        "DELETE FROM item WHERE id % 2 = 0; PRAGMA incremental_vacuum");

    const auto snapshot = snapshot_of(path);

    const Database copy = open_image(*snapshot, folder / "copy.db");
    CHECK_EQ(copy.content(), owner.content());
    CHECK_EQ(copy.number("SELECT count(*) FROM doc WHERE doc MATCH 'text'"), 1000);
    CHECK_EQ(text_fact(*snapshot, "auto_vacuum"), vacuum);
    CHECK_EQ(number_fact(*snapshot, "application_id"), -5);
    CHECK_EQ(number_fact(*snapshot, "user_version"), 42);
    CHECK_EQ(text_fact(*snapshot, "sqlite_version"), sqlite3_libversion());
  }
}

TEST_CASE("a UTF-16 database whose schema this SQLite cannot read is still taken whole") {
  const TempFolder folder;
  const std::string path = folder / "app.db";
  {
    const Database owner(path);
    owner.run(
        "PRAGMA encoding = 'UTF-16le'; CREATE TABLE a(x); PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE a(x FUTURE SYNTAX <<'");
  }
  const Bytes before = read_file(path);

  const auto snapshot = snapshot_of(path);

  CHECK_EQ(image_of(*snapshot), before);
  CHECK_EQ(text_fact(*snapshot, "encoding"), "UTF-16le");
}

TEST_CASE("empty and never-written databases are databases") {
  const TempFolder folder;
  const std::string path = folder / "app.db";
  SUBCASE("a file of no bytes") { write_file(path, std::string_view()); }
  SUBCASE("a connection that only looked") { CHECK_EQ(Database(path).number("PRAGMA user_version"), 0); }
  SUBCASE("WAL mode and nothing else") { Database(path).run("PRAGMA journal_mode = wal"); }
  SUBCASE("one table that was dropped") { Database(path).run("CREATE TABLE a(x); DROP TABLE a"); }
  const Bytes before = read_file(path);

  const auto snapshot = snapshot_of(path);

  CHECK_EQ(image_of(*snapshot), before);
  CHECK_EQ(files_below(folder.path()), std::vector<std::string>{"app.db"});
}

TEST_CASE("nothing is left beside an idle database in WAL mode") {
  const TempFolder folder;
  const std::string path = folder / "app.db";
  {
    const Database owner(path);
    owner.run("PRAGMA journal_mode = wal");
    fill(owner, 100);
  }
  REQUIRE_EQ(files_below(folder.path()), std::vector<std::string>{"app.db"});
  const Bytes before = read_file(path);

  const auto snapshot = snapshot_of(path);

  CHECK_EQ(files_below(folder.path()), std::vector<std::string>{"app.db"});
  CHECK_EQ(read_file(path), before);
  CHECK_EQ(image_of(*snapshot), before);
}

TEST_CASE("a snapshot issues no checkpoint, not even as the last one to close") {
  const TempFolder folder;
  const std::string path = folder / "app.db";
  ChildProcess peer =
      start_peer({"hold", path, "PRAGMA journal_mode = wal; CREATE TABLE a(x); INSERT INTO a VALUES (1), (2), (3)"});
  peer.kill(SIGKILL);
  REQUIRE(peer.wait().has_value());
  const Bytes file = read_file(path);
  const Bytes log = read_file(path + "-wal");
  REQUIRE_GT(log.size(), 4096);

  const auto snapshot = snapshot_of(path);

  CHECK_EQ(open_image(*snapshot, folder / "copy.db").number("SELECT count(*) FROM a"), 3);
  CHECK_EQ(read_file(path), file);
  CHECK_EQ(read_file(path + "-wal"), log);
}

TEST_CASE("readers may ask for any number of bytes at a time") {
  const TempFolder folder;
  const std::string path = folder / "app.db";
  const Database owner(path);
  owner.run("PRAGMA journal_mode = wal");
  fill(owner, 300);
  const Bytes expected = image_of(*snapshot_of(path));
  for (const std::size_t step : {std::size_t{1}, std::size_t{1000}, std::size_t{4097}, std::size_t{3} << 20}) {
    CAPTURE(step);
    const auto session = make_sqlite_engine({.path = path})->begin({}, {});
    const auto entry = session->next({});
    Bytes image;
    Bytes buffer(step);
    while (const std::size_t count = entry->reader->read(buffer, {})) {
      image.insert(image.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
    }
    session->finish({});
    CHECK_EQ(image, expected);
  }
}

TEST_CASE("a database of more than 1 GiB is whole on both sides of its lock page") {
  const TempFolder folder;
  const std::string path = folder / "app.db";
  make_sparse_database(path);
  const Database owner(path);
  owner.run("INSERT INTO item(data) VALUES (randomblob(7000000))");
  REQUIRE_EQ(owner.text("PRAGMA integrity_check"), "ok");
  CHECK(pieces_of_snapshot(path) == pieces_of_file(path));

  // The same with a log over it.
  owner.run("PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0");
  owner.run("DELETE FROM item; INSERT INTO item(data) VALUES (randomblob(7500000))");
  const Pieces snapshot = pieces_of_snapshot(path);
  owner.run("PRAGMA wal_checkpoint(TRUNCATE)");
  CHECK(snapshot == pieces_of_file(path));
  CHECK_GT(snapshot.size(), 100);
}

}  // namespace
}  // namespace dbsnap::testing
