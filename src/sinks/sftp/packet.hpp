// The packets of the SFTP protocol, version 3, as bytes: what is sent and what comes back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dbsnap/bytes.hpp"

namespace dbsnap::sftp {

enum class PacketType : std::uint8_t {
  init = 1,
  version = 2,
  open = 3,
  close = 4,
  read = 5,
  write = 6,
  lstat = 7,
  fstat = 8,
  opendir = 11,
  readdir = 12,
  remove = 13,
  mkdir = 14,
  stat = 17,
  rename = 18,
  status = 101,
  handle = 102,
  data = 103,
  name = 104,
  attributes = 105,
  extended = 200,
  extended_reply = 201,
};

enum class Status : std::uint32_t {
  ok = 0,
  end_of_file = 1,
  no_such_file = 2,
  permission_denied = 3,
  failure = 4,
  unsupported = 8,
  // Of later versions of the protocol; some servers send them all the same.
  no_such_path = 10,
  already_exists = 11,
  write_protected = 12,
  no_space = 14,
  quota_exceeded = 15,
};

enum OpenFlags : std::uint32_t { kOpenRead = 1, kOpenWrite = 2, kOpenCreate = 8, kOpenExclusive = 32 };

/// The body of a request, behind type and number.
class PacketWriter {
 public:
  PacketWriter& u32(std::uint32_t value);
  PacketWriter& u64(std::uint64_t value);
  PacketWriter& bytes(ByteView value);  ///< with its length in front
  PacketWriter& text(std::string_view value);
  /// Attributes that hold nothing but permission bits.
  PacketWriter& permissions(std::uint32_t mode);
  PacketWriter& no_attributes() { return u32(0); }

  [[nodiscard]] ByteView body() const noexcept { return body_; }

 private:
  Bytes body_;
};

/// What a server says about a name.
struct Attributes {
  std::optional<std::uint64_t> size;
  std::optional<std::uint32_t> mode;      ///< type and permission bits as in stat(2)
  std::optional<std::uint32_t> modified;  ///< seconds by the server's clock

  [[nodiscard]] bool is_file() const noexcept;
  [[nodiscard]] bool is_folder() const noexcept;
  [[nodiscard]] bool is_link() const noexcept;
};

/// Reads the body of an answer. Throws Error{io} when it ends too early: the connection is of no use then.
class PacketReader {
 public:
  explicit PacketReader(ByteView body) noexcept : rest_(body) {}
  std::uint32_t u32();
  std::uint64_t u64();
  ByteView bytes();
  std::string text();
  Attributes attributes();
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

 private:
  ByteView take(std::size_t size);
  ByteView rest_;
};

}  // namespace dbsnap::sftp
