// The first 100 bytes of an SQLite database file as plain values.
#pragma once

#include <cstdint>
#include <string>

#include "dbsnap/bytes.hpp"
#include "dbsnap/facts.hpp"

namespace dbsnap::sqlite {

inline constexpr std::size_t kHeaderSize = 100;

/// Field names follow https://www.sqlite.org/fileformat2.html, section 1.3.
struct DatabaseHeader {
  std::uint32_t page_size = 0;
  unsigned write_version = 0;  ///< 1 rollback journal, 2 WAL
  unsigned read_version = 0;
  std::uint32_t change_counter = 0;
  std::uint32_t page_count = 0;  ///< right only when has_page_count()
  std::uint32_t freelist_pages = 0;
  std::uint32_t schema_cookie = 0;
  std::uint32_t largest_root = 0;  ///< not zero: auto_vacuum or incremental_vacuum
  std::uint32_t encoding = 0;
  std::uint32_t user_version = 0;
  std::uint32_t incremental_vacuum = 0;
  std::uint32_t application_id = 0;
  std::uint32_t version_valid_for = 0;
  std::uint32_t sqlite_version = 0;

  /// False for a file last written by SQLite before 3.7.0: its size then decides.
  [[nodiscard]] bool has_page_count() const noexcept { return page_count != 0 && change_counter == version_valid_for; }
};

/// Reads the fields. Throws Error{not_a_database} for anything but a supported SQLite 3 header;
/// `path` is for the message. `bytes` shorter than a header is no database either.
DatabaseHeader parse_header(ByteView bytes, const std::string& path);

/// The header's fields as they are recorded in a manifest.
Facts facts_of(const DatabaseHeader& header);

/// Big-endian 32-bit number at `bytes[offset]`.
std::uint32_t read_be32(ByteView bytes, std::size_t offset) noexcept;

/// The page that holds the lock bytes at 1 GiB: never part of the data and maybe never written.
inline std::uint32_t lock_page(std::uint32_t page_size) noexcept { return 0x40000000U / page_size + 1; }

}  // namespace dbsnap::sqlite
