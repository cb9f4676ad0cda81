#include "sinks/sftp/packet.hpp"

#include <sys/stat.h>

#include <span>

#include "dbsnap/error.hpp"

namespace dbsnap::sftp {
namespace {

constexpr std::uint32_t kHasSize = 0x1;
constexpr std::uint32_t kHasOwner = 0x2;
constexpr std::uint32_t kHasPermissions = 0x4;
constexpr std::uint32_t kHasTimes = 0x8;
constexpr std::uint32_t kHasExtended = 0x80000000;

bool has_type(const std::optional<std::uint32_t>& mode, std::uint32_t type) noexcept {
  return mode && (*mode & S_IFMT) == type;
}

}  // namespace

PacketWriter& PacketWriter::u32(std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) body_.push_back(static_cast<std::byte>(value >> shift));
  return *this;
}

PacketWriter& PacketWriter::u64(std::uint64_t value) {
  return u32(static_cast<std::uint32_t>(value >> 32)).u32(static_cast<std::uint32_t>(value));
}

PacketWriter& PacketWriter::bytes(ByteView value) {
  u32(static_cast<std::uint32_t>(value.size()));
  body_.insert(body_.end(), value.begin(), value.end());
  return *this;
}

PacketWriter& PacketWriter::text(std::string_view value) { return bytes(std::as_bytes(std::span(value))); }

PacketWriter& PacketWriter::permissions(std::uint32_t mode) { return u32(kHasPermissions).u32(mode); }

bool Attributes::is_file() const noexcept { return has_type(mode, S_IFREG); }
bool Attributes::is_folder() const noexcept { return has_type(mode, S_IFDIR); }
bool Attributes::is_link() const noexcept { return has_type(mode, S_IFLNK); }

ByteView PacketReader::take(std::size_t size) {
  if (size > rest_.size()) throw Error(ErrorCode::io, "the SFTP server's answer ends too early");
  const ByteView taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

std::uint32_t PacketReader::u32() {
  std::uint32_t value = 0;
  for (const std::byte byte : take(4)) value = (value << 8) | static_cast<std::uint32_t>(byte);
  return value;
}

std::uint64_t PacketReader::u64() {
  const std::uint64_t high = u32();
  return (high << 32) | u32();
}

ByteView PacketReader::bytes() { return take(u32()); }

std::string PacketReader::text() {
  const ByteView view = bytes();
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}

Attributes PacketReader::attributes() {
  Attributes result;
  const std::uint32_t flags = u32();
  if ((flags & kHasSize) != 0) result.size = u64();
  if ((flags & kHasOwner) != 0) take(8);
  if ((flags & kHasPermissions) != 0) result.mode = u32();
  if ((flags & kHasTimes) != 0) {
    take(4);
    result.modified = u32();
  }
  if ((flags & kHasExtended) != 0) {
    for (std::uint32_t left = u32(); left > 0; --left) {
      bytes();
      bytes();
    }
  }
  return result;
}

}  // namespace dbsnap::sftp
