// Reading at an offset, whoever holds the file open: SQLite's own handle, or a descriptor of ours.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/posix_file.hpp"
#include "dbsnap/bytes.hpp"

namespace dbsnap::sqlite {

class RandomReader {
 public:
  virtual ~RandomReader() = default;
  /// Reads until `out` is full or the file ends; returns the bytes read, the rest of `out` is undefined.
  virtual std::size_t read_at(MutableByteView out, std::uint64_t offset) = 0;
  [[nodiscard]] virtual std::uint64_t size() = 0;
};

/// Reads through a file that SQLite holds open. The database file must never be opened a second time by
/// hand: closing that descriptor would drop every POSIX lock the process holds on it.
class SqliteFileReader final : public RandomReader {
 public:
  /// `path` is for messages; `largest_request` is the most bytes one call of the VFS is asked for.
  SqliteFileReader(sqlite3_file* file, std::string path, std::size_t largest_request)
      : file_(file), path_(std::move(path)), largest_request_(largest_request) {}

  std::size_t read_at(MutableByteView out, std::uint64_t offset) override;
  [[nodiscard]] std::uint64_t size() override;

 private:
  sqlite3_file* file_;
  std::string path_;
  std::size_t largest_request_;
};

/// Reads a file that SQLite takes no locks on, such as a write-ahead log.
class PlainFileReader final : public RandomReader {
 public:
  explicit PlainFileReader(PosixFile file) : file_(std::move(file)) {}

  std::size_t read_at(MutableByteView out, std::uint64_t offset) override { return file_.pread(out, offset); }
  [[nodiscard]] std::uint64_t size() override { return file_.size(); }

 private:
  PosixFile file_;
};

}  // namespace dbsnap::sqlite
