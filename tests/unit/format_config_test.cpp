// The repository config: its text, what keys are bound to, and everything that is refused.
#include "format/config.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/hash.hpp"
#include "format_fixture.hpp"

namespace dbsnap {

using testing::code_of;
using testing::failure_of;
using Json = nlohmann::json;

namespace {

RepositoryConfig open_config() {
  RepositoryConfig config;
  config.id = "00112233445566778899aabbccddeeff";
  config.chunk_size = 64 * 1024;
  config.frame_size = 512 * 1024;
  config.pack_size = 16 * 1024 * 1024;
  return config;
}

RepositoryConfig encrypted_config() {
  RepositoryConfig config = open_config();
  config.encrypted = true;
  return config;
}

/// The config's text after `change`, with the checksum put right again.
std::string text_after(const RepositoryConfig& config, const std::function<void(Json&)>& change) {
  Json json = Json::parse(as_text(encode_config(config)));
  json.erase("checksum");
  change(json);
  json["checksum"] = to_hex(sha256(as_byte_view(json.dump())));
  return json.dump();
}

std::optional<ErrorCode> code_after(const std::function<void(Json&)>& change) {
  const std::string text = text_after(open_config(), change);
  return code_of([&] { decode_config(as_byte_view(text)); });
}

}  // namespace

TEST_CASE("the text of a config never changes") {
  CHECK(as_text(encode_config(open_config())) == R"({
  "checksum": "d3073eb1441747349803616fab848e4a636a65e7ce727aa34b0bc9db1a0a7f4e",
  "chunk_size": 65536,
  "encrypted": false,
  "format": 1,
  "frame_size": 524288,
  "id": "00112233445566778899aabbccddeeff",
  "magic": "dbsnap repository",
  "pack_size": 16777216,
  "required_features": [],
  "store": {
    "if_absent": true,
    "list_after_write": true
  }
}
)");
}

TEST_CASE("a config comes back") {
  const RepositoryConfig config = encrypted_config();
  const RepositoryConfig back = decode_config(encode_config(config));
  CHECK(back.format == 1);
  CHECK(back.id == config.id);
  CHECK(back.encrypted);
  CHECK(back.chunk_size == config.chunk_size);
  CHECK(back.frame_size == config.frame_size);
  CHECK(back.pack_size == config.pack_size);
}

TEST_CASE("the text that keys are bound to changes with every setting") {
  const RepositoryConfig config = encrypted_config();
  const auto text_with = [&](const std::function<void(RepositoryConfig&)>& change) {
    RepositoryConfig other = config;
    change(other);
    return settings_text(other);
  };
  CHECK(text_with([](RepositoryConfig&) {}) == settings_text(config));
  CHECK(text_with([](RepositoryConfig& c) { c.id = "ff112233445566778899aabbccddeeff"; }) != settings_text(config));
  CHECK(text_with([](RepositoryConfig& c) { c.encrypted = false; }) != settings_text(config));
  CHECK(text_with([](RepositoryConfig& c) { c.chunk_size = 32 * 1024; }) != settings_text(config));
  CHECK(text_with([](RepositoryConfig& c) { c.frame_size = 256 * 1024; }) != settings_text(config));
  CHECK(text_with([](RepositoryConfig& c) { c.pack_size = 8 * 1024 * 1024; }) != settings_text(config));
  CHECK(text_with([](RepositoryConfig& c) { c.store.if_absent = false; }) != settings_text(config));
}

TEST_CASE("no flipped bit in a config goes unseen") {
  testing::for_each_flip(encode_config(open_config()), [](const Bytes& broken, std::size_t) {
    const auto code = code_of([&] { decode_config(broken); });
    // A flipped format number or feature looks like a newer repository.
    CHECK((code == ErrorCode::damaged || code == ErrorCode::incompatible_version));
  });
}

TEST_CASE("a config cut short is damaged") {
  const Bytes bytes = encode_config(open_config());
  testing::for_each_front(testing::without_last(bytes, 1),
                          [](ByteView front) { CHECK(code_of([&] { decode_config(front); }) == ErrorCode::damaged); });
}

TEST_CASE("a newer format or an unknown feature is told from damage") {
  const auto newer = [](Json& json) { json["format"] = 2; };
  CHECK(code_after(newer) == ErrorCode::incompatible_version);
  CHECK(code_after([](Json& json) { json["required_features"] = {"x"}; }) == ErrorCode::incompatible_version);
  CHECK_FALSE(code_after([](Json& json) { json["future"] = 1; }).has_value());  // was read
}

TEST_CASE("members that are missing, of another type or out of range are damage") {
  for (const std::string member :
       {"magic", "format", "id", "encrypted", "chunk_size", "frame_size", "pack_size", "required_features"}) {
    CAPTURE(member);
    CHECK(code_after([&](Json& json) { json.erase(member); }) == ErrorCode::damaged);
    CHECK(code_after([&](Json& json) { json[member] = nullptr; }) == ErrorCode::damaged);
    CHECK(code_after([&](Json& json) { json[member] = 65'536.5; }) == ErrorCode::damaged);
    CHECK(code_after([&](Json& json) { json[member] = -1; }) == ErrorCode::damaged);
  }
  CHECK(code_after([](Json& json) { json["format"] = 0; }) == ErrorCode::damaged);
  CHECK(code_after([](Json& json) { json["id"] = "x"; }) == ErrorCode::damaged);
  CHECK(code_after([](Json& json) { json["chunk_size"] = 65'537; }) == ErrorCode::damaged);
  CHECK(code_after([](Json& json) { json["chunk_size"] = (1ULL << 32) + 65'536; }) == ErrorCode::damaged);
}

TEST_CASE("sizes out of bounds are refused") {
  const auto code_for = [](std::uint32_t chunk, std::uint32_t frame, std::uint32_t pack) {
    RepositoryConfig config = open_config();
    config.chunk_size = chunk;
    config.frame_size = frame;
    config.pack_size = pack;
    return code_of([&] { check_sizes(config); });
  };
  constexpr std::uint32_t kMiB = 1 << 20;
  CHECK_FALSE(code_for(64 << 10, 512 << 10, 16 * kMiB).has_value());  // are taken
  CHECK_FALSE(code_for(4096, 4096, 4096).has_value());
  CHECK(code_for(2048, 512 << 10, 16 * kMiB) == ErrorCode::invalid_argument);
  CHECK(code_for(2 * kMiB, 4 * kMiB, 16 * kMiB) == ErrorCode::invalid_argument);
  CHECK(code_for(65'535, 512 << 10, 16 * kMiB) == ErrorCode::invalid_argument);
  CHECK(code_for(64 << 10, 32 << 10, 16 * kMiB) == ErrorCode::invalid_argument);
  CHECK(code_for(64 << 10, 9 * kMiB, 16 * kMiB) == ErrorCode::invalid_argument);
  CHECK(code_for(4096, 8 * kMiB, 16 * kMiB) == ErrorCode::invalid_argument);
  CHECK(code_for(64 << 10, 512 << 10, 256 << 10) == ErrorCode::invalid_argument);
  CHECK(code_for(64 << 10, 512 << 10, 49 * kMiB) == ErrorCode::invalid_argument);
}

}  // namespace dbsnap
