#include "format/round_codec.hpp"

#include <doctest/doctest.h>

#include <string>

#include "dbsnap/error.hpp"
#include "format/byte_io.hpp"
#include "harness/error_code.hpp"

namespace dbsnap::testing {
namespace {

const SessionId kFirst = parse_session_id("000102030405060708090a0b0c0d0e0f").value();
const SessionId kSecond = parse_session_id("ff0102030405060708090a0b0c0d0e0f").value();

}  // namespace

TEST_CASE("the text of a plan and a verdict never changes") {
  CHECK(encode_plan({.condemned = {{kFirst, 0}, {kFirst, 7}, {kSecond, 1}}, .seen = {kSecond}}) ==
        R"({"packs":{"000102030405060708090a0b0c0d0e0f":[0,7],"ff0102030405060708090a0b0c0d0e0f":[1]},)"
        R"("seen":["ff0102030405060708090a0b0c0d0e0f"]})");
  CHECK(encode_verdict({.packs = {}}) == R"({"packs":{}})");
}

TEST_CASE("a plan and a verdict come back in order") {
  const RoundPlan plan{.condemned = {{kFirst, 3}, {kFirst, 10}, {kSecond, 0}}, .seen = {kFirst, kSecond}};
  const std::string text = encode_plan(plan);
  CHECK(decode_plan(as_byte_view(text)).condemned == plan.condemned);
  CHECK(decode_plan(as_byte_view(text)).seen == plan.seen);
  CHECK(decode_verdict(as_byte_view(text)).packs == plan.condemned);
}

TEST_CASE("what is no plan is damaged") {
  for (const std::string text :
       {"", "[]", "{}", R"({"packs":[],"seen":[]})", R"({"packs":{"x":[1]},"seen":[]})", R"({"packs":{},"seen":["x"]})",
        R"({"packs":{},"seen":[1]})", R"({"packs":{"000102030405060708090a0b0c0d0e0f":[-1]},"seen":[]})",
        R"({"packs":{"000102030405060708090a0b0c0d0e0f":[4294967296]},"seen":[]})"}) {
    CAPTURE(text);
    CHECK(code_of([&] { decode_plan(as_byte_view(text)); }) == ErrorCode::damaged);
  }
}

TEST_CASE("names of rounds come back, and others are none") {
  for (const RoundPart part : {RoundPart::plan, RoundPart::verdict, RoundPart::done}) {
    const RoundName name{42, part};
    CHECK(parse_round_key(round_key(name)) == name);
  }
  CHECK(round_key({1, RoundPart::verdict}) == "gc/1/verdict");
  for (const char* const key :
       {"gc/", "gc/0/plan", "gc/01/plan", "gc/1", "gc/1/", "gc/1/plans", "gc/-1/plan", "x/1/plan"}) {
    CAPTURE(key);
    CHECK_FALSE(parse_round_key(key).has_value());
  }
}

}  // namespace dbsnap::testing
