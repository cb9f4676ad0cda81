// The repository config: its text, the passwords that open it, and everything that is refused.
#include "format/config.hpp"

#include <doctest/doctest.h>

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

Key256 some_master() {
  Key256 key;
  key.fill(std::byte{7});
  return key;
}

RepositoryConfig encrypted_config() {
  RepositoryConfig config = open_config();
  config.encrypted = true;
  config.slots = {make_key_slot(config, "first password", some_master()),
                  make_key_slot(config, "second password", some_master())};
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

ErrorCode code_after(const std::function<void(Json&)>& change) {
  const std::string text = text_after(open_config(), change);
  return code_of([&] { decode_config(as_byte_view(text)); });
}

}  // namespace

TEST_CASE("the text of a config never changes") {
  CHECK(as_text(encode_config(open_config())) == R"({
  "checksum": "74700e20a2da9a2f6392c2bc301b4927e77f4331a06d8a644aaf01a5cb2c081b",
  "chunk_size": 65536,
  "encrypted": false,
  "format": 1,
  "frame_size": 524288,
  "id": "00112233445566778899aabbccddeeff",
  "key_slots": [],
  "magic": "dbsnap repository",
  "pack_size": 16777216,
  "required_features": []
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
  REQUIRE(back.slots.size() == 2);
  CHECK(back.slots[1].salt == config.slots[1].salt);
  CHECK(back.slots[1].sealed_key == config.slots[1].sealed_key);
  CHECK(back.slots[1].cost.n == config.slots[1].cost.n);
}

TEST_CASE("every password of a slot opens the config, and no other does") {
  const RepositoryConfig config = encrypted_config();
  CHECK(open_key_slot(config, "first password") == some_master());
  CHECK(open_key_slot(config, "second password") == some_master());
  CHECK_FALSE(open_key_slot(config, "third password").has_value());
  CHECK_FALSE(open_key_slot(config, "").has_value());
}

TEST_CASE("a slot opens only with the settings it was made for") {
  RepositoryConfig config = encrypted_config();
  config.chunk_size = 32 * 1024;
  CHECK_FALSE(open_key_slot(config, "first password").has_value());
}

TEST_CASE("no flipped bit in a config goes unseen") {
  testing::for_each_flip(encode_config(open_config()), [](const Bytes& broken, std::size_t) {
    const ErrorCode code = code_of([&] { decode_config(broken); });
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
  CHECK(code_after([](Json& json) { json["future"] = 1; }) == ErrorCode::internal);  // was read
}

TEST_CASE("members that are missing, of another type or out of range are damage") {
  for (const std::string member : {"magic", "format", "id", "encrypted", "chunk_size", "frame_size", "pack_size",
                                   "required_features", "key_slots"}) {
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
  CHECK(code_after([](Json& json) { json["encrypted"] = true; }) == ErrorCode::damaged);
}

TEST_CASE("a key slot that is not whole is damage") {
  const RepositoryConfig config = encrypted_config();
  const auto code_for = [&](const char* member, const Json& value) {
    const std::string text = text_after(config, [&](Json& json) { json["key_slots"][0][member] = value; });
    return code_of([&] { decode_config(as_byte_view(text)); });
  };
  CHECK(code_for("kdf", "argon2") == ErrorCode::incompatible_version);
  CHECK(code_for("n", "x") == ErrorCode::damaged);
  CHECK(code_for("salt", "x") == ErrorCode::damaged);
  CHECK(code_for("sealed_key", "AAAA") == ErrorCode::damaged);
  CHECK(code_for("sealed_key", 1) == ErrorCode::damaged);
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
  CHECK(code_for(64 << 10, 512 << 10, 16 * kMiB) == ErrorCode::internal);  // are taken
  CHECK(code_for(4096, 4096, 4096) == ErrorCode::internal);
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
