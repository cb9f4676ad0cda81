// Little-endian numbers, varints and runs of bytes, written to and read from memory with bounds checked.
#pragma once

#include <cstring>
#include <string_view>
#include <type_traits>

#include "dbsnap/bytes.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap {

inline ByteView as_byte_view(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Appends to a Bytes. Numbers are little-endian whatever the machine.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  template <typename Number>
  ByteWriter& number(std::type_identity_t<Number> value) {
    static_assert(std::is_unsigned_v<Number>);
    for (std::size_t i = 0; i < sizeof(Number); ++i) out_.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFFU));
    return *this;
  }
  ByteWriter& u16(std::uint16_t value) { return number<std::uint16_t>(value); }
  ByteWriter& u32(std::uint32_t value) { return number<std::uint32_t>(value); }
  ByteWriter& u64(std::uint64_t value) { return number<std::uint64_t>(value); }
  ByteWriter& u8(std::uint8_t value) {
    out_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  /// LEB128: seven bits a byte, lowest first, the high bit says that more follow.
  ByteWriter& varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::byte>(value | 0x80));
    out_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  ByteWriter& bytes(ByteView bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  ByteWriter& text(std::string_view text) { return bytes(as_byte_view(text)); }

 private:
  Bytes& out_;
};

/// Reads what ByteWriter wrote. Every read past the end throws Error{damaged} that names `what`.
class ByteCursor {
 public:
  ByteCursor(ByteView bytes, std::string_view what) : rest_(bytes), what_(what) {}

  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }
  [[nodiscard]] ByteView bytes(std::size_t count) {
    if (count > rest_.size()) throw Error(ErrorCode::damaged, std::string(what_) + " ends too early");
    const ByteView piece = rest_.first(count);
    rest_ = rest_.subspan(count);
    return piece;
  }
  template <typename Number>
  Number number() {
    Number value = 0;
    const ByteView piece = bytes(sizeof(Number));
    for (std::size_t i = sizeof(Number); i-- > 0;) {
      value = static_cast<Number>(static_cast<std::uint64_t>(value) << 8 | std::to_integer<std::uint64_t>(piece[i]));
    }
    return value;
  }
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(bytes(1)[0]);
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) {
        if (shift == 63 && byte > 1) break;
        return value;
      }
    }
    throw fault("a number is too large");
  }
  /// A varint that must not exceed `limit`.
  std::uint64_t varint(std::uint64_t limit) {
    const std::uint64_t value = varint();
    if (value > limit) throw fault("a number is out of bounds");
    return value;
  }
  void expect_end() const {
    if (!rest_.empty()) throw fault("bytes follow its end");
  }
  [[nodiscard]] Error fault(std::string_view text) const {
    return Error(ErrorCode::damaged, std::string(what_) + " is damaged: " + std::string(text));
  }

 private:
  ByteView rest_;
  std::string_view what_;
};

}  // namespace dbsnap
