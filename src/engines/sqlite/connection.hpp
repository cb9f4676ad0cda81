// A connection to read a database through: opened by the engine, or lent by the host program.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap::sqlite {

/// Move-only. An owned connection never checkpoints when it is closed, unless close_tidily() says so.
class Connection {
 public:
  /// Opens an existing file for reading and writing where the system allows it: recovering a hot journal
  /// and taking part in WAL mode both write. Throws Error for anything that is not a readable file.
  static Connection open(const std::string& path);
  /// Opens a file as one that nobody can change: without locks, without its log.
  static Connection open_immutable(const std::string& path);
  /// Uses the host's connection; it is never closed or configured.
  static Connection borrow(sqlite3* handle, std::string schema);

  [[nodiscard]] bool is_owned() const noexcept { return owned_ != nullptr; }
  [[nodiscard]] sqlite3* handle() const noexcept { return handle_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Runs statements and drops their rows; returns the extended result code.
  int execute(const std::string& sql) const noexcept;
  /// First column of the first row of `PRAGMA schema.name`. Throws Error.
  [[nodiscard]] std::string pragma(const std::string& name) const;
  /// `PRAGMA schema.name` as text.
  [[nodiscard]] std::string pragma_text(const std::string& name) const;

  /// SQLite's handle of the database file; of the journal or log file, null while there is none open.
  [[nodiscard]] sqlite3_file* database_file() const;
  [[nodiscard]] sqlite3_file* journal_file() const;
  /// Most bytes that one read may ask for: a VFS that is not SQLite's own is asked for single pages.
  [[nodiscard]] std::size_t largest_request(std::size_t page_size) const;

  /// Error for an extended result code of this connection.
  [[nodiscard]] Error error(int code, const std::string& action) const;

  /// From now on closing removes the "-wal" and "-shm" files in SQLite's usual way.
  void close_tidily() const noexcept;
  void close() noexcept;

 private:
  struct Closer {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  using Owned = std::unique_ptr<sqlite3, Closer>;

  Connection() = default;
  static Connection open_file(const std::string& name, const std::string& path, int flags);

  Owned owned_;
  sqlite3* handle_ = nullptr;
  std::string schema_ = "main";
  std::string path_;
};

/// Absolute path of the file behind a schema of the host's connection. Throws Error{invalid_argument} for
/// an unknown schema and Error{unsupported} for one that lives in memory.
std::string path_of_schema(sqlite3* handle, const std::string& schema);

/// Refuses what cannot be a database before SQLite sees it: no such file, a folder, a pipe, no permission,
/// an empty file whose log still holds data (opening it would delete the log). Never opens the file.
void check_is_file(const std::string& path);

/// Size of the file at `path`, or 0 when there is none.
[[nodiscard]] std::uint64_t file_size_or_zero(const std::string& path) noexcept;

}  // namespace dbsnap::sqlite
