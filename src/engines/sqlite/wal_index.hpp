// The wal-index (the "-shm" file) of a database in WAL mode, read through SQLite's own mapping of it.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "dbsnap/bytes.hpp"

namespace dbsnap::sqlite {

using WalSalts = std::array<std::byte, 8>;

/// State of the log at one commit.
struct WalIndexHeader {
  std::uint32_t change = 0;      ///< grows with every commit and every restart of the log
  std::uint32_t page_size = 0;   ///< bytes
  std::uint32_t max_frame = 0;   ///< last frame of the last commit, 0 for an empty log
  std::uint32_t page_count = 0;  ///< pages of the database, 0 when the log was empty at recovery
  WalSalts salts{};              ///< as stored in the log: change whenever the log starts over

  bool operator==(const WalIndexHeader&) const = default;
};

/// View of the mapping that belongs to one open database file. That file's connection must be reading
/// in WAL mode, and not in exclusive locking mode (it then has no shared mapping).
class WalIndex {
 public:
  /// Nothing when SQLite holds no shared mapping that we can read.
  static std::optional<WalIndex> map(sqlite3_file* file, const std::string& path);

  /// The header, or nothing when no undisturbed copy could be read just now.
  [[nodiscard]] std::optional<WalIndexHeader> header() const;
  /// True while the log has not started over since `salts`. A header that stays disturbed throws Error{io}.
  [[nodiscard]] bool still_has(const WalSalts& salts) const;
  /// Frames up to this one are in the database file.
  [[nodiscard]] std::uint32_t backfilled() const;
  /// Copies the page numbers of the frames from `first_frame` on.
  void page_numbers(std::uint32_t first_frame, std::span<std::uint32_t> out) const;

  /// Salts as the numbers that SQLite's documentation calls salt-1 and salt-2.
  static std::array<std::uint32_t, 2> numbers(const WalSalts& salts) noexcept;

 private:
  WalIndex(sqlite3_file* file, std::string path, const volatile std::uint32_t* words)
      : file_(file), path_(std::move(path)), words_(words) {}
  [[nodiscard]] const volatile std::uint32_t* region(std::uint32_t number) const;

  sqlite3_file* file_;
  std::string path_;
  const volatile std::uint32_t* words_;
};

}  // namespace dbsnap::sqlite
