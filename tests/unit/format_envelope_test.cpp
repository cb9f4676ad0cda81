// Envelopes of small objects: what was sealed comes back, under its own key and type only.
#include "format/envelope.hpp"

#include <doctest/doctest.h>

#include <string>

#include "format_fixture.hpp"
#include "harness/random_data.hpp"

namespace dbsnap {

using testing::bytes_of;
using testing::code_of;
using testing::failure_of;
using testing::open_keys;
using testing::secret_keys;

namespace {

constexpr std::string_view kKey = "sessions/000102030405060708090a0b0c0d0e0f";
constexpr std::size_t kVersionAt = 8;

}  // namespace

TEST_CASE("any payload comes back") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    for (const Bytes& payload : {Bytes(), bytes_of("{}"), testing::Random(1).bytes(100'000), Bytes(1'000'000)}) {
      const Bytes object = seal_object(keys, ObjectType::session, kKey, payload);
      CHECK(open_object(keys, ObjectType::session, kKey, object) == payload);
    }
  }
}

TEST_CASE("objects of format 1 can be read for ever") {
  const auto opened = [](const KeyRing& keys, std::string_view hex) {
    const Bytes payload = open_object(keys, ObjectType::session, kKey, *from_hex(hex));
    return std::string(as_text(payload));
  };
  CHECK(opened(open_keys(),
               "4442534e41504f42010001001700000064f30b6914565b528b08a63daec8bd4128b52ffd2017b90000746865207061796c6f616"
               "4206f6620666f726d61742031ec3c0066c96d5bccfabd737f7d5fcdec") == "the payload of format 1");
  CHECK(opened(secret_keys(),
               "4442534e41504f420100010017000000e647d5becd0145b8a5e419484ff51a8c0f3d624e2a1e1c3d64f54898e3c18fa4b596281"
               "23b7cf0afbc81645825f50b75b81b1a7e62f59c1505008c9e53662807") == "the payload of format 1");
}

TEST_CASE("payloads are compressed, and hidden by a key") {
  const Bytes payload(50'000, std::byte{'A'});
  const Bytes object = seal_object(secret_keys(), ObjectType::session, kKey, payload);
  CHECK(object.size() < 500);
  const Bytes text = bytes_of("incompressible Zq8");
  const auto shows = [&](const KeyRing& keys) {
    const Bytes sealed = seal_object(keys, ObjectType::session, kKey, text);
    return as_text(sealed).find("Zq8") != std::string_view::npos;
  };
  CHECK(shows(open_keys()));
  CHECK_FALSE(shows(secret_keys()));
}

TEST_CASE("the same payload is never sealed to the same bytes twice") {
  const Bytes payload = bytes_of("payload");
  CHECK(seal_object(secret_keys(), ObjectType::session, kKey, payload) !=
        seal_object(secret_keys(), ObjectType::session, kKey, payload));
}

TEST_CASE("no flipped bit goes unseen, and the message names the object") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    const Bytes object = seal_object(keys, ObjectType::session, kKey, bytes_of("some payload of an object"));
    testing::for_each_flip(object, [&](const Bytes& broken, std::size_t at) {
      const Error error = failure_of([&] { open_object(keys, ObjectType::session, kKey, broken); });
      // A flipped version number looks like a newer format.
      const bool version = at == kVersionAt || at == kVersionAt + 1;
      CHECK((error.code() == ErrorCode::damaged || (version && error.code() == ErrorCode::incompatible_version)));
      CHECK(error.message().find(kKey) != std::string::npos);
    });
  }
}

TEST_CASE("an object cut short or with bytes behind it is damaged") {
  Bytes object = seal_object(secret_keys(), ObjectType::session, kKey, bytes_of("some payload"));
  testing::for_each_front(object, [](ByteView front) {
    CHECK(code_of([&] { open_object(secret_keys(), ObjectType::session, kKey, front); }) == ErrorCode::damaged);
  });
  object.push_back(std::byte{0});
  CHECK(code_of([&] { open_object(secret_keys(), ObjectType::session, kKey, object); }) == ErrorCode::damaged);
}

TEST_CASE("an object passes for no other type, key or repository") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    const Bytes object = seal_object(keys, ObjectType::session, kKey, bytes_of("payload"));
    CHECK(code_of([&] { open_object(keys, ObjectType::manifest, kKey, object); }) == ErrorCode::damaged);
    CHECK(code_of([&] { open_object(keys, ObjectType::session, "sessions/x", object); }) == ErrorCode::damaged);
    CHECK(code_of([&] { open_object(secret_keys(9), ObjectType::session, kKey, object); }) == ErrorCode::damaged);
    const KeyRing other("ff112233445566778899aabbccddeeff", std::nullopt);
    CHECK(code_of([&] { open_object(other, ObjectType::session, kKey, object); }) == ErrorCode::damaged);
  }
}

}  // namespace dbsnap
