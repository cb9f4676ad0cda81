// The primitives of encryption, against published vectors.
#include "base/crypto.hpp"

#include <doctest/doctest.h>

#include <string>

#include "format_fixture.hpp"

namespace dbsnap {

using testing::bytes_of;
using testing::code_of;

TEST_CASE("HKDF gives the key of RFC 5869, test case 1") {
  const Bytes secret(22, std::byte{0x0b});
  const Bytes salt = *from_hex("000102030405060708090a0b0c");
  const SecretKey key = derive_key(secret, salt, "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9");
  CHECK(to_hex(key.view()) == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

TEST_CASE("keys of different labels, salts and secrets differ") {
  const Bytes secret = bytes_of("secret");
  const SecretKey key = derive_key(secret, bytes_of("salt"), "a");
  CHECK(derive_key(secret, bytes_of("salt"), "a") == key);
  CHECK(derive_key(secret, bytes_of("salt"), "b") != key);
  CHECK(derive_key(secret, bytes_of("sal"), "a") != key);
  CHECK(derive_key(bytes_of("secre"), bytes_of("salt"), "a") != key);
}

TEST_CASE("scrypt gives the keys of RFC 7914") {
  CHECK(to_hex(derive_password_key("", {}, {.n = 16, .r = 1, .p = 1}).view()) ==
        "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442");
  CHECK(to_hex(derive_password_key("password", bytes_of("NaCl"), {.n = 1024, .r = 8, .p = 16}).view()) ==
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
}

TEST_CASE("scrypt costs out of bounds are refused before any memory is taken") {
  const auto code_for = [](const ScryptCost& cost) {
    return code_of([&] { static_cast<void>(derive_password_key("x", bytes_of("salt"), cost)); });
  };
  CHECK(code_for({.n = 0, .r = 8, .p = 1}) == ErrorCode::invalid_argument);
  CHECK(code_for({.n = 1, .r = 8, .p = 1}) == ErrorCode::invalid_argument);
  CHECK(code_for({.n = 1000, .r = 8, .p = 1}) == ErrorCode::invalid_argument);
  CHECK(code_for({.n = 1024, .r = 0, .p = 1}) == ErrorCode::invalid_argument);
  CHECK(code_for({.n = 1024, .r = 8, .p = 0}) == ErrorCode::invalid_argument);
  CHECK(code_for({.n = 1024, .r = 8, .p = 17}) == ErrorCode::invalid_argument);
  CHECK(code_for({.n = 1U << 18, .r = 8, .p = 3}) == ErrorCode::invalid_argument);
  CHECK(code_for({.n = 1U << 15, .r = 32, .p = 16}) == ErrorCode::invalid_argument);
  CHECK(code_for({.n = 1U << 19, .r = 8, .p = 1}) == ErrorCode::invalid_argument);
  CHECK(code_for({.n = 1U << 31, .r = 1U << 31, .p = 1}) == ErrorCode::invalid_argument);
}

TEST_CASE("AES-256-GCM gives the ciphertext and tag of the GCM specification, test case 14") {
  Bytes sealed(16 + kTagSize);
  aead_seal(Key256{}, Nonce96{}, {}, Bytes(16), sealed);
  CHECK(to_hex(sealed) == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST_CASE("what was sealed opens, and nothing else does") {
  const SecretKey key = derive_key(bytes_of("secret"), {}, "test");
  const Bytes plain = bytes_of("some plain bytes"), associated = bytes_of("place");
  Bytes sealed(plain.size() + kTagSize);
  aead_seal(key.bytes(), Nonce96{}, associated, plain, sealed);

  Bytes opened(plain.size());
  CHECK(aead_open(key.bytes(), Nonce96{}, associated, sealed, opened));
  CHECK(opened == plain);
  CHECK_FALSE(aead_open(Key256{}, Nonce96{}, associated, sealed, opened));
  CHECK_FALSE(aead_open(key.bytes(), Nonce96{std::byte{1}}, associated, sealed, opened));
  CHECK_FALSE(aead_open(key.bytes(), Nonce96{}, bytes_of("plac"), sealed, opened));
  testing::for_each_flip(sealed, [&](const Bytes& broken, std::size_t) {
    CHECK_FALSE(aead_open(key.bytes(), Nonce96{}, associated, broken, opened));
  });
}

TEST_CASE("nothing at all can be sealed, too") {
  Bytes sealed(kTagSize);
  aead_seal(Key256{}, Nonce96{}, {}, {}, sealed);
  CHECK(aead_open(Key256{}, Nonce96{}, {}, sealed, {}));
  sealed[0] ^= std::byte{1};
  CHECK_FALSE(aead_open(Key256{}, Nonce96{}, {}, sealed, {}));
}

TEST_CASE("wiped secrets are zeros") {
  Key256 key = derive_key(bytes_of("secret"), {}, "test").bytes();
  wipe(key);
  CHECK(key == Key256{});
}

}  // namespace dbsnap
