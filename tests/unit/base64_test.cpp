// Base64: one text for one byte string.
#include "base/base64.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

namespace dbsnap {
namespace {

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace

TEST_CASE("base64 gives the texts of RFC 4648") {
  CHECK(to_base64({}).empty());
  CHECK(to_base64(bytes_of("f")) == "Zg==");
  CHECK(to_base64(bytes_of("fo")) == "Zm8=");
  CHECK(to_base64(bytes_of("foo")) == "Zm9v");
  CHECK(to_base64(bytes_of("foob")) == "Zm9vYg==");
  CHECK(to_base64(bytes_of("fooba")) == "Zm9vYmE=");
  CHECK(to_base64(bytes_of("foobar")) == "Zm9vYmFy");
  CHECK(to_base64(bytes_of("\xfb\xff\xbf")) == "+/+/");
}

TEST_CASE("base64 brings any bytes back") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    const auto back = from_base64(to_base64(bytes));
    RC_ASSERT(back.has_value());
    RC_ASSERT(std::equal(back->begin(), back->end(), bytes.begin(), bytes.end()));
  }));
}

TEST_CASE("text that to_base64 never gives is refused") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm8=Zm8=", "Zg==Zg==", "Zm9v\n",
                           "Zm 9", "Zm9-", "=Zm9", "Z=m9"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64(text).has_value());
  }
  CHECK_FALSE(from_base64(std::string_view("Zg\0=", 4)).has_value());
}

}  // namespace dbsnap
