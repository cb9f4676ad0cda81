// What the tests of the format layer share: fixed keys and ids, and ways to break bytes.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/hex.hpp"
#include "dbsnap/error.hpp"
#include "format/byte_io.hpp"
#include "format/keys.hpp"
#include "harness/error_code.hpp"

namespace dbsnap::testing {

inline Bytes bytes_of(std::string_view text) {
  const ByteView bytes = as_byte_view(text);
  return Bytes(bytes.begin(), bytes.end());
}

inline SessionId some_session(std::uint8_t first = 0) {
  SessionId id;
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::byte>(first + i);
  return id;
}

inline PackId some_pack(std::uint32_t number = 1) { return {some_session(), number}; }

inline KeyRing open_keys() { return KeyRing("00112233445566778899aabbccddeeff", std::nullopt); }

inline KeyRing secret_keys(std::uint8_t first = 1) {
  Key256 master;
  for (std::size_t i = 0; i < master.size(); ++i) master[i] = static_cast<std::byte>(first + i);
  return KeyRing("00112233445566778899aabbccddeeff", SecretKey(master));
}

/// How `action` fails; code internal and message "did not fail" when it does not.
inline Error failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::internal, "did not fail");
}

inline ByteView without_last(ByteView bytes, std::size_t count) { return bytes.first(bytes.size() - count); }

/// Calls `check` with every shorter front of `bytes`.
inline void for_each_front(ByteView bytes, const std::function<void(ByteView)>& check) {
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    check(bytes.first(length));
  }
}

/// Calls `check` with `bytes` after flipping each bit in turn; the second argument is the byte's position.
inline void for_each_flip(Bytes bytes, const std::function<void(const Bytes&, std::size_t)>& check) {
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    CAPTURE(bit);
    bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    check(bytes, bit / 8);
    bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  }
}

}  // namespace dbsnap::testing
