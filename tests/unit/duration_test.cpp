// Durations of retention rules.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "dbsnap/error.hpp"
#include "dbsnap/retention.hpp"

namespace dbsnap {
namespace {

using std::chrono::hours;

TEST_CASE("durations are sums of numbers with a unit") {
  CHECK(parse_duration("36h") == hours(36));
  CHECK(parse_duration("7d") == hours(7 * 24));
  CHECK(parse_duration("2w") == hours(14 * 24));
  CHECK(parse_duration("6m") == hours(180 * 24));
  CHECK(parse_duration("1y") == hours(365 * 24));
  CHECK(parse_duration("1y6m") == hours((365 + 180) * 24));
  CHECK(parse_duration("1d12h") == hours(36));
  CHECK(parse_duration("0h") == hours(0));
  CHECK(parse_duration("100y") == hours(36500 * 24));
}

TEST_CASE("what is no duration is refused with the accepted forms") {
  const std::vector<std::string> wrong = {
      "",    "7",   "d",    "-1d", "7D",  "7 d",  "1.5d",    "d7",
      "7dd", "30s", "5min", " 7d", "7d ", "101y", "99y366d", "99999999999999999999h"};
  for (const std::string& text : wrong) {
    CAPTURE(text);
    try {
      parse_duration(text);
      FAIL("was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::invalid_argument);
      CHECK(error.message().find("1y6m") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace dbsnap
