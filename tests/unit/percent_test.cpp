// Percent-encoding, which signatures and URLs must agree on to the letter.
#include "base/percent.hpp"

#include <doctest/doctest.h>

namespace dbsnap::testing {

TEST_CASE("percent: unreserved characters stay, all others become upper-case hex") {
  CHECK(percent_encode("AZaz09-._~") == "AZaz09-._~");
  CHECK(percent_encode("a b+c/d=e%") == "a%20b%2Bc%2Fd%3De%25");
  CHECK(percent_encode("\xc3\xa9\x7f") == "%C3%A9%7F");
  CHECK(percent_encode("") == "");
}

TEST_CASE("percent: what is to be kept is kept") { CHECK(percent_encode("a/b c:d", "/") == "a/b%20c%3Ad"); }

TEST_CASE("percent: what was encoded is decoded to the same bytes") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  CHECK(percent_decode(percent_encode(all)) == all);
  CHECK(percent_decode("%e2%82%AC") == "\xe2\x82\xac");
}

TEST_CASE("percent: half an escape decodes to nothing") {
  for (const char* text : {"%", "%2", "a%zz", "%4g", "abc%e"}) {
    CAPTURE(text);
    CHECK_FALSE(percent_decode(text).has_value());
  }
}

}  // namespace dbsnap::testing
