// Times as RFC 3339 text and back.
#include "base/time_text.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <string>
#include <vector>

#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap {
namespace {

TimePoint at_ns(std::int64_t count) { return TimePoint(std::chrono::nanoseconds(count)); }

TEST_CASE("a time is written with exactly the digits it needs") {
  CHECK(format_time(at_ns(0)) == "1970-01-01T00:00:00Z");
  CHECK(format_time(at_ns(1'795'244'369'000'000'000)) == "2026-11-21T06:59:29Z");
  CHECK(format_time(at_ns(1'795'244'369'500'000'000)) == "2026-11-21T06:59:29.5Z");
  CHECK(format_time(at_ns(1'795'244'369'000'000'001)) == "2026-11-21T06:59:29.000000001Z");
  CHECK(format_time(at_ns(-1)) == "1969-12-31T23:59:59.999999999Z");
}

TEST_CASE("every accepted form of one moment means the same") {
  const TimePoint moment = at_ns(1'795'244'369'000'000'000);
  const std::vector<std::string> forms = {"2026-11-21T06:59:29Z",          "2026-11-21t06:59:29z",
                                          "2026-11-21 06:59:29",           "2026-11-21T06:59:29",
                                          "2026-11-21T07:59:29+01:00",     "2026-11-21 01:29:29-05:30",
                                          "2026-11-22T06:58:29.000+23:59", "2026-11-21T06:59:29.0000000000004Z"};
  for (const std::string& form : forms) {
    CAPTURE(form);
    CHECK(parse_time(form) == moment);
  }
}

TEST_CASE("a day or a minute alone is its beginning in UTC") {
  CHECK(format_time(parse_time("2024-02-29")) == "2024-02-29T00:00:00Z");
  CHECK(format_time(parse_time("2024-02-29 23:59")) == "2024-02-29T23:59:00Z");
}

TEST_CASE("a leap second is the start of the next minute") {
  CHECK(format_time(parse_time("2016-12-31T23:59:60Z")) == "2017-01-01T00:00:00Z");
}

TEST_CASE("what is no time is refused with the accepted forms") {
  const std::vector<std::string> wrong = {"",
                                          "yesterday",
                                          "2026",
                                          "2026-11",
                                          "2026-13-01",
                                          "2026-02-29",
                                          "2026-11-21 ",
                                          "2026-11-21T",
                                          "2026-11-21 6:59",
                                          "2026-11-21 24:00",
                                          "2026-11-21 06:60",
                                          "2026-11-21 06:59:61",
                                          "2026-11-21T06:59:29.",
                                          "2026-11-21T06:59:29ZZ",
                                          "2026-11-21T06:59:29+1:00",
                                          "2026-11-21T06:59:29+0100",
                                          "2026-11-21T06:59:29+24:00",
                                          "1677-12-31",
                                          "2262-01-01",
                                          " 2026-11-21",
                                          "-026-11-21"};
  for (const std::string& text : wrong) {
    CAPTURE(text);
    CHECK_FALSE(time_from_text(text).has_value());
    try {
      parse_time(text);
      FAIL("was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::invalid_argument);
      CHECK(error.message().find("2026-11-21T06:59:29+01:00") != std::string::npos);
    }
  }
}

TEST_CASE("every time that text can name is read back as it was written") {
  const bool held = rc::check([] {
    constexpr std::int64_t kFirst = -9'214'560'000'000'000'000;  // 1678-01-01
    constexpr std::int64_t kLast = 9'214'646'399'999'999'999;    // 2261-12-31
    const TimePoint time = at_ns(*rc::gen::inRange(kFirst, kLast));
    RC_ASSERT(time_from_text(time_text(time)) == time);
  });
  CHECK(held);
}

}  // namespace
}  // namespace dbsnap
