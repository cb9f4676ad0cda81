// Names and keys of objects: their text never changes, and only that text is taken back.
#include "format/names.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/object_key.hpp"
#include "format_fixture.hpp"

namespace dbsnap {

using testing::some_session;

TEST_CASE("keys of objects are what docs/format.md says") {
  const SessionId id = some_session();
  CHECK(to_text(id) == "000102030405060708090a0b0c0d0e0f");
  CHECK(pack_key({id, 12}) == "packs/00/000102030405060708090a0b0c0d0e0f-12");
  CHECK(session_key(id) == "sessions/000102030405060708090a0b0c0d0e0f");
  CHECK(forgotten_key(id) == "forgotten/000102030405060708090a0b0c0d0e0f");
  CHECK(damaged_key(id) == "damaged/000102030405060708090a0b0c0d0e0f");
  CHECK(pin_prefix(id) == "pins/000102030405060708090a0b0c0d0e0f/");
  CHECK(manifest_key({"0011223344556677", TimePoint(std::chrono::milliseconds(255)), id}) ==
        "snapshots/0011223344556677/0000000000ff-000102030405060708090a0b0c0d0e0f");
}

TEST_CASE("every key is one that sinks take") {
  const SessionId id = some_session(0xf0);
  CHECK(is_object_key(kConfigKey));
  CHECK(is_object_key(pack_key({id, UINT32_MAX})));
  CHECK(is_object_key(session_key(id)));
  CHECK(is_object_key(manifest_key({"ffffffffffffffff", TimePoint::max(), id})));
}

TEST_CASE("any pack key comes back from its text") {
  CHECK(rc::check([](const std::array<std::uint8_t, 16>& session, std::uint32_t number) {
    PackId id{{}, number};
    std::ranges::transform(session, id.session.begin(), [](std::uint8_t b) { return static_cast<std::byte>(b); });
    RC_ASSERT((parse_pack_key(pack_key(id)) == id));
    RC_ASSERT((parse_session_id(to_text(id.session)) == id.session));
  }));
}

TEST_CASE("any manifest key comes back, with the time cut to milliseconds") {
  CHECK(rc::check([](std::uint32_t seconds, std::uint32_t fraction) {
    const TimePoint time(std::chrono::seconds(seconds) + std::chrono::nanoseconds(fraction % 1'000'000'000));
    const auto name = parse_manifest_key(manifest_key({"0011223344556677", time, some_session()}));
    RC_ASSERT(name.has_value());
    RC_ASSERT(name->source_key == "0011223344556677");
    RC_ASSERT((name->session == some_session()));
    RC_ASSERT((name->started == std::chrono::floor<std::chrono::milliseconds>(time)));
  }));
}

TEST_CASE("manifest keys of one source sort by their time") {
  std::set<std::string> keys;
  std::string last;
  for (const std::int64_t seconds : {0LL, 9LL, 1'000LL, 1'795'244'369LL, 9'000'000'000LL}) {
    const std::string key =
        manifest_key({"0011223344556677", TimePoint(std::chrono::seconds(seconds)), some_session(0xff)});
    CHECK(key > last);
    last = key;
  }
}

TEST_CASE("text that is no key is refused") {
  const std::string id = to_text(some_session());
  for (const std::string& text : {std::string(), id.substr(1), id + "0", "G" + id.substr(1), "A" + id.substr(1)}) {
    CAPTURE(text);
    CHECK_FALSE(parse_session_id(text).has_value());
  }
  for (const std::string& text :
       {"packs/00/" + id, "packs/00/" + id + "-", "packs/00/" + id + "-01", "packs/00/" + id + "--1",
        "packs/00/" + id + "-4294967296", "packs/01/" + id + "-1", "packs/00/" + id + "-1x", "pack/00/" + id + "-1",
        "packs/00x" + id + "-1", "packs/00/" + id + "x1", "packs/00/" + id + "- 1", "packs/00/" + id + "-+1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_pack_key(text).has_value());
  }
  for (const std::string& text :
       {"snapshots/0011223344556677/0000000000ff-" + id + "0", "snapshots/0011223344556677/0000000000FF-" + id,
        "snapshots/001122334455667g/0000000000ff-" + id, "snapshots/0011223344556677/ffffffffffff-" + id,
        "snapshots/0011223344556677x0000000000ff-" + id, "snapshots/0011223344556677/0000000000ff+" + id,
        "snapshots/0011223344556677/-000000000ff-" + id, std::string("snapshots/")}) {
    CAPTURE(text);
    CHECK_FALSE(parse_manifest_key(text).has_value());
  }
}

TEST_CASE("session ids are never twice the same") {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(to_text(new_session_id()));
  CHECK(seen.size() == 1'000);
}

}  // namespace dbsnap
