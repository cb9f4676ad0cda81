#include "engines/sqlite/database_header.hpp"

#include <bit>
#include <cstring>
#include <string_view>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap::sqlite {
namespace {

constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr std::uint32_t kSmallestPage = 512;
constexpr std::uint32_t kLargestPage = 65536;

Error not_a_database(const std::string& path, const std::string& why) {
  Error error = Error(ErrorCode::not_a_database, path + " is not an SQLite database, or it is encrypted").why(why);
  if (!path.starts_with('/')) return error;
  return std::move(error).hint("file '" + path + "'").with("path", path);
}

std::uint32_t page_size_of(ByteView bytes) noexcept {
  const auto stored = (std::to_integer<std::uint32_t>(bytes[16]) << 8) | std::to_integer<std::uint32_t>(bytes[17]);
  return stored == 1 ? kLargestPage : stored;
}

std::string sqlite_version_text(std::uint32_t number) {
  return std::to_string(number / 1000000) + "." + std::to_string(number / 1000 % 1000) + "." +
         std::to_string(number % 1000);
}

}  // namespace

std::uint32_t read_be32(ByteView bytes, std::size_t offset) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | std::to_integer<std::uint32_t>(bytes[offset + i]);
  return value;
}

DatabaseHeader parse_header(ByteView bytes, const std::string& path) {
  if (bytes.size() < kHeaderSize) {
    throw not_a_database(path, "it holds " + std::to_string(bytes.size()) + " bytes, less than a header");
  }
  if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    throw not_a_database(path, "its first 16 bytes are not those of SQLite format 3");
  }
  DatabaseHeader header;
  header.page_size = page_size_of(bytes);
  if (!std::has_single_bit(header.page_size) || header.page_size < kSmallestPage) {
    throw not_a_database(path, "its header names a page size of " + std::to_string(header.page_size) + " bytes");
  }
  header.write_version = std::to_integer<unsigned>(bytes[18]);
  header.read_version = std::to_integer<unsigned>(bytes[19]);
  header.change_counter = read_be32(bytes, 24);
  header.page_count = read_be32(bytes, 28);
  header.freelist_pages = read_be32(bytes, 36);
  header.schema_cookie = read_be32(bytes, 40);
  header.largest_root = read_be32(bytes, 52);
  header.encoding = read_be32(bytes, 56);
  header.user_version = read_be32(bytes, 60);
  header.incremental_vacuum = read_be32(bytes, 64);
  header.application_id = read_be32(bytes, 68);
  header.version_valid_for = read_be32(bytes, 92);
  header.sqlite_version = read_be32(bytes, 96);
  return header;
}

Facts facts_of(const DatabaseHeader& header) {
  const auto number = [](std::uint32_t value) { return static_cast<std::int64_t>(value); };
  const auto signed_number = [](std::uint32_t value) { return std::int64_t{static_cast<std::int32_t>(value)}; };
  Facts facts;
  facts["page_size"] = number(header.page_size);
  facts["change_counter"] = number(header.change_counter);
  facts["schema_cookie"] = number(header.schema_cookie);
  facts["freelist_pages"] = number(header.freelist_pages);
  facts["user_version"] = signed_number(header.user_version);
  facts["application_id"] = signed_number(header.application_id);
  facts["encoding"] = header.encoding == 2   ? std::string("UTF-16le")
                      : header.encoding == 3 ? std::string("UTF-16be")
                                             : std::string("UTF-8");
  facts["auto_vacuum"] = header.largest_root == 0         ? std::string("none")
                         : header.incremental_vacuum != 0 ? std::string("incremental")
                                                          : std::string("full");
  facts["written_by_sqlite"] = sqlite_version_text(header.sqlite_version);
  return facts;
}

}  // namespace dbsnap::sqlite
