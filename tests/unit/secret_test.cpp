// Secrets in memory: nothing of them is left when they end.
#include "base/secret.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <string>

#include "dbsnap/password.hpp"

namespace dbsnap {

TEST_CASE("a key is zeros in memory after it has ended, and so is each copy") {
  alignas(SecretKey) std::array<std::byte, sizeof(SecretKey)> memory{};
  Key256 bytes;
  bytes.fill(std::byte{0x5A});
  auto* key = new (memory.data()) SecretKey(bytes);
  const SecretKey copy(*key);
  REQUIRE(std::ranges::count(memory, std::byte{0x5A}) == 32);
  key->~SecretKey();
  CHECK(std::ranges::count(memory, std::byte{0x5A}) == 0);
  CHECK(copy.bytes() == bytes);
}

TEST_CASE("a secret text grows and keeps what it holds") {
  SecretText text("geheim");
  for (int n = 0; n < 1000; ++n) text.append("!");
  CHECK(text.view() == "geheim" + std::string(1000, '!'));
}

TEST_CASE("a buffer is wiped when its guard ends, also by an exception") {
  std::array<char, 8> buffer{'g', 'e', 'h', 'e', 'i', 'm', '!', '!'};
  try {
    const WipeAtEnd guard(std::as_writable_bytes(std::span(buffer)));
    throw 1;
  } catch (int) {
  }
  CHECK(std::ranges::all_of(buffer, [](char c) { return c == 0; }));
}

TEST_CASE("a password that was wiped is empty") {
  std::string password = "geheim, und lang genug für eigenen Speicher";
  wipe(password);
  CHECK(password.empty());
}

}  // namespace dbsnap
