// The JSON form of manifests: round trips, its exact text, and everything that is refused.
#include "format/manifest_codec.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "dbsnap/error.hpp"
#include "dbsnap/version.hpp"

namespace dbsnap {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kId = "00112233445566778899aabbccddeeff";
constexpr const char* kParent = "ffeeddccbbaa99887766554433221100";
constexpr const char* kDigest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
constexpr const char* kPackKey = "packs/00/00112233445566778899aabbccddeeff-1";

TimePoint seconds_since_1970(std::int64_t seconds, std::int64_t nanoseconds = 0) {
  return TimePoint(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds));
}

Manifest sample() {
  Manifest manifest;
  manifest.id = kId;
  manifest.parent = kParent;
  manifest.source = {"sqlite", "sqlite:///srv/app.db", "app.db", "web1"};
  manifest.source_key = "app.db-5f1c";
  manifest.started = seconds_since_1970(1795244369, 250'000'000);
  manifest.finished = seconds_since_1970(1795244370);
  manifest.time = seconds_since_1970(1795244369, 1);
  manifest.consistency_point = {{"wal_frame", std::int64_t{1200}}, {"wal_salt", std::string("5f3a")}};
  manifest.engine_facts = {{"exclusive_ms", 0.5}, {"wal_mode", true}, {"page_size", std::int64_t{4096}}};
  manifest.tags = {"nightly"};
  manifest.warnings = {"the journal is \"hot\""};
  manifest.tool_version = "0.1.0";
  manifest.entries = {{.name = "main",
                       .kind = EntryKind::page_file,
                       .size = 8192,
                       .chunks = 1,
                       .digest = kDigest,
                       .facts = {{"page_count", std::int64_t{2}}},
                       .table_level = 1,
                       .table_root = Bytes{std::byte{1}, std::byte{2}, std::byte{255}}},
                      {.name = "größe", .size = 0, .chunks = 0, .digest = kDigest, .facts = {}, .table_root = {}}};
  manifest.packs = {{.key = kPackKey, .size = 5000, .sha256 = kDigest, .bases = {}}};
  manifest.packs.push_back(
      {.key = "packs/ff/x-1", .size = 6000, .sha256 = kDigest, .object_sha256 = kDigest, .bases = {0}});
  manifest.stats = {8192, 4096, 5000, 1, 1, 1, 0, 1, {2, 3, 4, 5, 6, 7000, 800}};
  return manifest;
}

constexpr std::string_view kSampleText =
    R"({"format":1,"id":"00112233445566778899aabbccddeeff","parent":"ffeeddccbbaa99887766554433221100",)"
    R"("source":{"engine":"sqlite","url":"sqlite:///srv/app.db","name":"app.db","host":"web1"},)"
    R"("source_key":"app.db-5f1c","started":"2026-11-21T06:59:29.25Z","finished":"2026-11-21T06:59:30Z",)"
    R"("time":"2026-11-21T06:59:29.000000001Z","consistency_point":{"wal_frame":1200,"wal_salt":"5f3a"},)"
    R"("engine_facts":{"exclusive_ms":0.5,"page_size":4096,"wal_mode":true},"tags":["nightly"],)"
    R"("warnings":["the journal is \"hot\""],"tool_version":"0.1.0","entries":[{"name":"main","kind":"page_file",)"
    R"("size":8192,"chunks":1,"digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",)"
    R"("facts":{"page_count":2},"table_level":1,"table_root":"AQL/"},{"name":"größe","kind":"stream","size":0,)"
    R"("chunks":0,"digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","facts":{},)"
    R"("table_level":0,"table_root":""}],"packs":[{"key":"packs/00/00112233445566778899aabbccddeeff-1","size":5000,)"
    R"("sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bases":[]},{"key":"packs/ff/x-1",)"
    R"("size":6000,"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bases":[0],)"
    R"("object_sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}],)"
    R"("stats":{"bytes_read":8192,"bytes_new":4096,"bytes_stored":5000,"chunks":1,"chunks_new":1,"frames":1,)"
    R"("frames_delta":0,"packs_written":1,"store":{"puts":2,"gets":3,"stats":4,"lists":5,"removes":6,"bytes_up":7000,)"
    R"("bytes_down":800}}})";

std::string text_of(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Manifest decode(std::string_view text) { return decode_manifest(std::as_bytes(std::span(text))); }

/// How decoding `text` fails; code internal and "accepted" when it does not.
Error failure_of(std::string_view text) {
  try {
    static_cast<void>(decode(text));
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::internal, "accepted");
}

/// How decoding fails once `change` has been made to the sample's JSON.
Error failure_after(const std::function<void(Json&)>& change) {
  Json json = Json::parse(kSampleText);
  change(json);
  return failure_of(json.dump());
}

ErrorCode encode_failure(const Manifest& manifest) {
  try {
    static_cast<void>(encode_manifest(manifest));
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("was encoded");
  return ErrorCode::internal;
}

}  // namespace

TEST_CASE("a manifest's text never changes") { CHECK(text_of(encode_manifest(sample())) == kSampleText); }

TEST_CASE("decoding brings every member back") {
  const Manifest manifest = decode(kSampleText);
  const Manifest expected = sample();
  CHECK(manifest.format == 1);
  CHECK(manifest.id == kId);
  CHECK(manifest.parent == kParent);
  CHECK(manifest.source.engine == "sqlite");
  CHECK(manifest.source.url == "sqlite:///srv/app.db");
  CHECK(manifest.source.name == "app.db");
  CHECK(manifest.source.host == "web1");
  CHECK(manifest.source_key == "app.db-5f1c");
  CHECK(manifest.started == expected.started);
  CHECK(manifest.finished == expected.finished);
  CHECK(manifest.time == expected.time);
  CHECK(manifest.consistency_point == expected.consistency_point);
  CHECK(manifest.engine_facts == expected.engine_facts);
  CHECK(manifest.tags == expected.tags);
  CHECK(manifest.warnings == expected.warnings);
  CHECK(manifest.tool_version == "0.1.0");
  REQUIRE(manifest.entries.size() == 2);
  CHECK(manifest.entries[0].name == "main");
  CHECK(manifest.entries[0].kind == EntryKind::page_file);
  CHECK(manifest.entries[0].size == 8192);
  CHECK(manifest.entries[0].chunks == 1);
  CHECK(manifest.entries[0].digest == kDigest);
  CHECK(manifest.entries[0].facts == expected.entries[0].facts);
  CHECK(manifest.entries[0].table_level == 1);
  CHECK(manifest.entries[0].table_root == expected.entries[0].table_root);
  CHECK(manifest.entries[1].kind == EntryKind::stream);
  CHECK(manifest.entries[1].name == "größe");
  REQUIRE(manifest.packs.size() == 2);
  CHECK(manifest.packs[0].key == kPackKey);
  CHECK(manifest.packs[0].size == 5000);
  CHECK(manifest.packs[0].sha256 == kDigest);
  CHECK(manifest.packs[1].bases == std::vector<std::uint32_t>{0});
  CHECK(manifest.stats.bytes_stored == 5000);
  CHECK(text_of(encode_manifest(manifest)) == kSampleText);
}

TEST_CASE("a copy names the repository and the snapshot it comes from") {
  Manifest copy = sample();
  CHECK_FALSE(decode_manifest(encode_manifest(copy)).origin.has_value());
  copy.origin = {.repository = kParent, .id = kId};
  const std::string text = text_of(encode_manifest(copy));
  CHECK(text.find(R"("parent":"ffeeddccbbaa99887766554433221100","origin":{"repository":"ffee)") != std::string::npos);
  const Manifest back = decode(text);
  REQUIRE(back.origin.has_value());
  CHECK(back.origin->repository == kParent);
  CHECK(back.origin->id == kId);
  CHECK(summary_of(back).origin->id == kId);
  for (const char* bad : {R"("origin":null)", R"("origin":{})", R"("origin":{"repository":"x","id":"y"})"}) {
    CAPTURE(bad);
    std::string broken = text;
    const std::size_t start = broken.find("\"origin\"");
    broken.replace(start, broken.find('}', start) + 1 - start, bad);
    CHECK(failure_of(broken).code() == ErrorCode::damaged);
  }
}

TEST_CASE("facts keep their type and value") {
  Manifest manifest = sample();
  manifest.engine_facts = {{"a", true},
                           {"b", std::numeric_limits<std::int64_t>::min()},
                           {"c", std::numeric_limits<std::int64_t>::max()},
                           {"d", 2.0},
                           {"e", -0.0},
                           {"f", 1e300},
                           {"g", 0.1},
                           {"h", std::string("1")},
                           {"i", std::string(300, '\n')}};
  CHECK(decode_manifest(encode_manifest(manifest)).engine_facts == manifest.engine_facts);
}

TEST_CASE("sizes up to the last bit are kept") {
  Manifest manifest = sample();
  manifest.entries[0].size = std::numeric_limits<std::uint64_t>::max();
  manifest.stats.bytes_read = std::numeric_limits<std::uint64_t>::max();
  const Manifest back = decode_manifest(encode_manifest(manifest));
  CHECK(back.entries[0].size == std::numeric_limits<std::uint64_t>::max());
  CHECK(back.stats.bytes_read == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("text that is not UTF-8 does not stop a snapshot, unless it names an entry") {
  Manifest manifest = sample();
  manifest.source.name = "caf\xe9.db";
  CHECK(decode_manifest(encode_manifest(manifest)).source.name == "caf\xef\xbf\xbd.db");
  manifest.entries[0].name = "caf\xe9";
  CHECK(encode_failure(manifest) == ErrorCode::invalid_argument);
}

TEST_CASE("a manifest that could not be read again is not encoded") {
  const auto code_after = [](const std::function<void(Manifest&)>& change) {
    Manifest manifest = sample();
    change(manifest);
    return encode_failure(manifest);
  };
  CHECK(code_after([](Manifest& m) { m.id = "short"; }) == ErrorCode::internal);
  CHECK(code_after([](Manifest& m) { m.source_key = "A"; }) == ErrorCode::internal);
  CHECK(code_after([](Manifest& m) { m.packs[0].key = "../x"; }) == ErrorCode::internal);
  CHECK(code_after([](Manifest& m) { m.entries[1].name = "main"; }) == ErrorCode::internal);
  CHECK(code_after([](Manifest& m) { m.engine_facts["x"] = std::numeric_limits<double>::quiet_NaN(); }) ==
        ErrorCode::invalid_argument);
}

TEST_CASE("unknown members are ignored") {
  const Error error = failure_after([](Json& json) {
    json["future"] = {{"deep", {1, 2, 3}}};
    json["entries"][0]["future"] = nullptr;
    json["packs"][0]["future"] = "x";
  });
  CHECK(error.message() == "accepted");
}

TEST_CASE("a newer format is told from damage") {
  const Error error = failure_after([](Json& json) {
    json["format"] = repository_format() + 1;
    json.erase("entries");
  });
  CHECK(error.code() == ErrorCode::incompatible_version);
  CHECK(error.message() == "the manifest has format 2, and this version reads up to 1");
}

TEST_CASE("a manifest from before calls were counted has no counts") {
  Json json = Json::parse(kSampleText);
  json["stats"].erase("store");
  const Manifest manifest = decode(json.dump());
  CHECK(manifest.stats.packs_written == 1);
  CHECK(manifest.stats.store.requests() == 0);
}

TEST_CASE("every member is needed but the counts of calls and the hash over a whole pack") {
  const Json json = Json::parse(kSampleText);
  const auto check_each_member_of = [&](const Json::json_pointer& place) {
    for (const auto& item : json[place].items()) {
      const std::string member = item.key();
      if (member == "store" || member == "object_sha256") continue;
      CAPTURE(member);
      const Error error = failure_after([&](Json& copy) { copy[place].erase(member); });
      CHECK(error.code() == ErrorCode::damaged);
      CHECK(error.message().ends_with(member + " is missing"));
    }
  };
  for (const char* place : {"", "/source", "/entries/0", "/packs/1", "/stats", "/stats/store"}) {
    check_each_member_of(Json::json_pointer(place));
  }
}

TEST_CASE("a member of another type is damage, wherever it is") {
  const Json flat = Json::parse(kSampleText).flatten();
  for (const auto& item : flat.items()) {
    if (item.value().is_null()) continue;  // an empty array or object
    const Json::json_pointer place(item.key());
    const bool is_fact = item.key().find("facts/") != std::string::npos || item.key().starts_with("/consistency_point");
    for (const Json& other :
         {Json(nullptr), Json(Json::array({1})), Json({{"a", 1}}), Json(-1), Json("?"), Json(0.5)}) {
      if (is_fact && (other.is_number() || other.is_string())) continue;
      if (item.value().is_string() && other.is_string()) continue;
      CAPTURE(item.key());
      CAPTURE(other.dump());
      CHECK(failure_after([&](Json& json) { json[place] = other; }).code() == ErrorCode::damaged);
    }
  }
}

TEST_CASE("values out of range are damage, and the message names the member") {
  const auto message_after = [](const std::function<void(Json&)>& change) {
    const Error error = failure_after(change);
    CHECK(error.code() == ErrorCode::damaged);
    return error.message();
  };
  const std::string prefix = "the manifest is not valid: ";
  CHECK(message_after([](Json& j) { j["format"] = 0; }) == prefix + "format is out of range");
  CHECK(message_after([](Json& j) { j["id"] = std::string(31, 'a'); }) == prefix + "id is not 32 hex digits");
  CHECK(message_after([](Json& j) { j["id"] = std::string(32, 'A'); }) == prefix + "id is not 32 hex digits");
  CHECK(message_after([](Json& j) { j["parent"] = "x"; }) == prefix + "parent is not 32 hex digits");
  CHECK(message_after([](Json& j) { j["source_key"] = ""; }) == prefix + "source_key is not an object key");
  CHECK(message_after([](Json& j) { j["time"] = "2026-11-21 06:59:29Z"; }) == prefix + "time is not a time");
  CHECK(message_after([](Json& j) { j["time"] = "2026-13-21T06:59:29Z"; }) == prefix + "time is not a time");
  CHECK(message_after([](Json& j) { j["entries"][1]["name"] = "main"; }) == prefix + "entries[1].name is used twice");
  CHECK(message_after([](Json& j) { j["entries"][0]["name"] = ""; }) == prefix + "entries[0].name is empty");
  CHECK(message_after([](Json& j) { j["entries"][0]["kind"] = "x"; }) ==
        prefix + "entries[0].kind is not a known kind");
  CHECK(message_after([](Json& j) { j["entries"][0]["chunks"] = 0; }) == prefix + "entries[0].chunks is out of range");
  CHECK(message_after([](Json& j) { j["entries"][0]["chunks"] = 8193; }) ==
        prefix + "entries[0].chunks is out of range");
  CHECK(message_after([](Json& j) { j["entries"][0]["table_level"] = 17; }) ==
        prefix + "entries[0].table_level is out of range");
  CHECK(message_after([](Json& j) { j["entries"][0]["table_root"] = "AQ"; }) ==
        prefix + "entries[0].table_root is not base64");
  CHECK(message_after([](Json& j) { j["packs"][1]["bases"][0] = 2; }) == prefix + "packs[1].bases[0] is out of range");
  CHECK(message_after([](Json& j) { j["packs"][1]["key"] = "/x"; }) == prefix + "packs[1].key is not an object key");
  CHECK(message_after([](Json& j) { j["engine_facts"]["n"] = 1ULL << 63; }) ==
        prefix + "engine_facts.n is out of range");
  CHECK(message_after([](Json& j) {
          j["entries"][0]["size"] = ~0ULL;
          j["entries"][1]["size"] = 1;
          j["entries"][1]["chunks"] = 1;
        }) == prefix + "entries[1].size is out of range");
}

TEST_CASE("keys that a sink would not take are damage") {
  for (const char* key : {"", "/", "a/", "/a", "a//b", ".", "a/..", "A", "a b", "a\\b", "a\u00e9"}) {
    CAPTURE(key);
    CHECK(failure_after([&](Json& json) { json["packs"][0]["key"] = key; }).code() == ErrorCode::damaged);
  }
}

TEST_CASE("a manifest that is cut short anywhere is damaged") {
  for (std::size_t length = 0; length < kSampleText.size(); ++length) {
    CAPTURE(length);
    CHECK(failure_of(kSampleText.substr(0, length)).code() == ErrorCode::damaged);
  }
}

TEST_CASE("what stands around the document is damage") {
  const std::string text(kSampleText);
  for (const std::string& other : {text + "x", text + std::string(1, '\0'), text + text, "\xEF\xBB\xBF" + text,
                                   " " + text, "[" + text + "]", std::string("null"), std::string("\xFF")}) {
    CAPTURE(other.substr(0, 8));
    CHECK(failure_of(other).code() == ErrorCode::damaged);
  }
}

TEST_CASE("nesting without end is refused, not followed") {
  const std::string deep = R"({"format":)" + std::string(1'000'000, '[');
  CHECK(failure_of(deep).message() == "the manifest is not valid: it is nested too deeply");
}

TEST_CASE("a summary sums up the manifest") {
  const SnapshotSummary summary = summary_of(sample());
  CHECK(summary.id == kId);
  CHECK(summary.source_key == "app.db-5f1c");
  CHECK(summary.source.name == "app.db");
  CHECK(summary.time == sample().time);
  CHECK(summary.tags == std::vector<std::string>{"nightly"});
  CHECK(summary.size == 8192);
  CHECK(summary.stored == 5000);
  CHECK(summary.entries == 2);
  CHECK_FALSE(summary.pinned);
  CHECK(summary.good);
}

}  // namespace dbsnap
