// Databases, other processes and snapshots for the tests of the SQLite engine.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/engines/sqlite.hpp"
#include "dbsnap/error.hpp"
#include "harness/memory_snapshot.hpp"
#include "harness/process.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {

/// A connection as an application holds it. Throws std::runtime_error when SQLite refuses.
class Database {
 public:
  explicit Database(const std::string& path, int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  /// A file as it is: without its log, without leaving anything beside it.
  static Database immutable(const std::string& path);

  void run(const std::string& sql) const;
  [[nodiscard]] std::string text(const std::string& sql) const;
  [[nodiscard]] std::int64_t number(const std::string& sql) const;
  /// Every row of every table, and the schema, as text.
  [[nodiscard]] std::string content() const;
  /// Writes what this connection sees, inside its transaction, to a new database.
  void back_up_to(const std::string& path) const;

  [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }
  void close() noexcept { handle_.reset(); }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Closer> handle_;
};

/// One thousand accounts with 1000 each; `journal_mode` is "wal" or "delete".
void make_bank(const std::string& path, const std::string& journal_mode);
/// What all accounts of a bank hold together.
inline constexpr std::int64_t kBankTotal = 1000000;

/// Takes a snapshot of the database at `path` and returns it.
std::unique_ptr<MemorySnapshot> snapshot_of(const std::string& path);
const Bytes& image_of(const MemorySnapshot& snapshot);
/// Facts recorded by the engine.
std::int64_t number_fact(const MemorySnapshot& snapshot, std::string_view name);
std::string text_fact(const MemorySnapshot& snapshot, std::string_view name);
double duration_fact(const MemorySnapshot& snapshot, std::string_view name);

/// A snapshot's image as a file of its own, open and found sound.
Database open_image(const MemorySnapshot& snapshot, const std::string& path);

/// Starts the other process (tests/integration/sqlite_peer.cpp).
ChildProcess start_peer(const std::vector<std::string>& arguments);
/// Runs it to its end and expects success.
void run_peer(const std::vector<std::string>& arguments);
/// Asks it to stop and returns what it said.
std::string stop_peer(ChildProcess& peer);

/// Bytes of a database file that this process has open. Another process reads them: closing a descriptor of
/// ours would drop every lock that our connections hold on the file.
Bytes bytes_of_open_file(const std::string& path);

/// Error thrown by `call`; fails the test when there is none.
Error error_of(const std::function<void()>& call);

}  // namespace dbsnap::testing
