// Key slots: what opens them, what they are bound to, and everything that is refused.
#include "format/key_slot.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/hash.hpp"
#include "format_fixture.hpp"

namespace dbsnap {

using testing::code_of;
using Json = nlohmann::json;

namespace {

constexpr ScryptCost kCheap{.n = 16, .r = 1, .p = 1};

RepositoryConfig some_config() {
  return {.format = 1,
          .id = "00112233445566778899aabbccddeeff",
          .encrypted = true,
          .chunk_size = 64 * 1024,
          .frame_size = 512 * 1024,
          .pack_size = 16 * 1024 * 1024};
}

KeyName some_name() { return {.id = "0123456789abcdef", .object = "ffeeddccbbaa99887766554433221100"}; }

SecretKey some_master() {
  Key256 key;
  key.fill(std::byte{7});
  return SecretKey(key);
}

KeySlot some_slot() {
  const NewKey key{.kind = KeyKind::password,
                   .label = "laptop",
                   .created = TimePoint(std::chrono::seconds(1'795'000'000)),
                   .cost = kCheap};
  return seal_key_slot(some_config(), some_name(), key, "open sesame", some_master());
}

bool opens(const RepositoryConfig& config, const KeyName& name, const KeySlot& slot,
           std::string_view password = "open sesame") {
  return open_key_slot(config, name, slot, password).has_value();
}

/// How the decoder takes an object after `change`, with the checksum put right again.
std::optional<ErrorCode> code_after(const std::function<void(Json&)>& change) {
  Json json = Json::parse(as_text(encode_key_slot(some_name(), some_slot())));
  json.erase("checksum");
  change(json);
  json["checksum"] = to_hex(sha256(as_byte_view(json.dump())));
  const std::string text = json.dump();
  return code_of([&] { decode_key_slot(some_name(), as_byte_view(text)); });
}

}  // namespace

TEST_CASE("a key slot opens with its password and no other, and gives the master key") {
  const KeySlot slot = some_slot();
  CHECK((open_key_slot(some_config(), some_name(), slot, "open sesame") == some_master()));
  CHECK_FALSE(opens(some_config(), some_name(), slot, "open sesam"));
  CHECK_FALSE(opens(some_config(), some_name(), slot, ""));
}

TEST_CASE("two slots of one password share nothing") {
  CHECK(some_slot().salt != some_slot().salt);
  CHECK(some_slot().sealed_key != some_slot().sealed_key);
}

TEST_CASE("a key slot that was stored comes back") {
  const KeySlot slot = some_slot();
  const KeySlot back = decode_key_slot(some_name(), encode_key_slot(some_name(), slot));
  CHECK(back.repository == some_config().id);
  CHECK(back.kind == KeyKind::password);
  CHECK(back.label == "laptop");
  CHECK(back.created == slot.created);
  CHECK(back.cost == kCheap);
  CHECK(opens(some_config(), some_name(), back));
}

TEST_CASE("a key slot opens only under its own name, with the settings it was made for") {
  const KeySlot slot = some_slot();
  KeyName moved = some_name();
  moved.object[0] = '0';
  CHECK_FALSE(opens(some_config(), moved, slot));
  moved = some_name();
  moved.id[0] = 'f';
  CHECK_FALSE(opens(some_config(), moved, slot));
  RepositoryConfig config = some_config();
  config.chunk_size = 32 * 1024;
  CHECK_FALSE(opens(config, some_name(), slot));
  config = some_config();
  config.encrypted = false;
  CHECK_FALSE(opens(config, some_name(), slot));
}

TEST_CASE("nothing that a key slot says in clear can be changed") {
  const auto opens_after = [](const std::function<void(KeySlot&)>& change) {
    KeySlot slot = some_slot();
    change(slot);
    return opens(some_config(), some_name(), slot);
  };
  CHECK(opens_after([](KeySlot&) {}));
  CHECK_FALSE(opens_after([](KeySlot& slot) { slot.label = "anna"; }));
  CHECK_FALSE(opens_after([](KeySlot& slot) { slot.kind = KeyKind::recovery; }));
  CHECK_FALSE(opens_after([](KeySlot& slot) { slot.created += std::chrono::seconds(1); }));
  CHECK_FALSE(opens_after([](KeySlot& slot) { slot.repository[0] = 'f'; }));
  CHECK_FALSE(opens_after([](KeySlot& slot) { slot.cost.n = 32; }));
  CHECK_FALSE(opens_after([](KeySlot& slot) { slot.salt[0] ^= std::byte{1}; }));
  CHECK_FALSE(opens_after([](KeySlot& slot) { slot.sealed_key[0] ^= std::byte{1}; }));
}

TEST_CASE("no flipped bit in a key object goes unseen") {
  testing::for_each_flip(encode_key_slot(some_name(), some_slot()), [](const Bytes& broken, std::size_t) {
    const auto code = code_of([&] { decode_key_slot(some_name(), broken); });
    // A flipped format number looks like a newer dbsnap.
    CHECK((code == ErrorCode::damaged || code == ErrorCode::incompatible_version));
  });
}

TEST_CASE("a key object cut short is damaged, and so is one under another key's name") {
  const Bytes bytes = encode_key_slot(some_name(), some_slot());
  testing::for_each_front(testing::without_last(bytes, 1), [](ByteView front) {
    CHECK(code_of([&] { decode_key_slot(some_name(), front); }) == ErrorCode::damaged);
  });
  KeyName other = some_name();
  other.id = "fedcba9876543210";
  CHECK(code_of([&] { decode_key_slot(other, bytes); }) == ErrorCode::damaged);
}

TEST_CASE("a forged cost is refused before anybody pays it") {
  const auto code_for = [](std::uint32_t n, std::uint32_t r, std::uint32_t p) {
    return code_after([&](Json& json) {
      json["n"] = n;
      json["r"] = r;
      json["p"] = p;
    });
  };
  CHECK_FALSE(code_for(1U << 17, 8, 1).has_value());  // was read
  CHECK(code_for(1U << 31, 8, 1) == ErrorCode::damaged);
  CHECK(code_for(1U << 20, 8, 1) == ErrorCode::damaged);
  CHECK(code_for(1U << 15, 1U << 30, 1) == ErrorCode::damaged);
  CHECK(code_for(1U << 15, 8, 1'000'000) == ErrorCode::damaged);
  CHECK(code_for(1U << 18, 8, 16) == ErrorCode::damaged);
  CHECK(code_for(1000, 8, 1) == ErrorCode::damaged);
  CHECK(code_for(0, 0, 0) == ErrorCode::damaged);
}

TEST_CASE("members of a key object that are missing, of another type or out of bounds are damage") {
  for (const char* member : {"magic", "format", "repository", "id", "kind", "label", "created", "kdf", "n", "r", "p",
                             "salt", "sealed_key"}) {
    CAPTURE(member);
    CHECK(code_after([&](Json& json) { json.erase(member); }) == ErrorCode::damaged);
    const auto null = code_after([&](Json& json) { json[member] = nullptr; });
    CHECK((null == ErrorCode::damaged || null == ErrorCode::incompatible_version));
  }
  CHECK(code_after([](Json& json) { json["repository"] = "x"; }) == ErrorCode::damaged);
  CHECK(code_after([](Json& json) { json["created"] = "yesterday"; }) == ErrorCode::damaged);
  CHECK(code_after([](Json& json) { json["label"] = std::string(129, 'x'); }) == ErrorCode::damaged);
  CHECK(code_after([](Json& json) { json["label"] = "two\nlines"; }) == ErrorCode::damaged);
  CHECK(code_after([](Json& json) { json["salt"] = "AAAA"; }) == ErrorCode::damaged);
  CHECK(code_after([](Json& json) { json["sealed_key"] = "AAAA"; }) == ErrorCode::damaged);
}

TEST_CASE("a newer key object is told from a damaged one") {
  CHECK(code_after([](Json& json) { json["format"] = 2; }) == ErrorCode::incompatible_version);
  CHECK(code_after([](Json& json) { json["kdf"] = "argon2"; }) == ErrorCode::incompatible_version);
  CHECK(code_after([](Json& json) { json["kind"] = "token"; }) == ErrorCode::incompatible_version);
  CHECK_FALSE(code_after([](Json& json) { json["future"] = 1; }).has_value());  // was read
}

TEST_CASE("a label is one short line of UTF-8") {
  CHECK_NOTHROW(check_label(""));
  CHECK_NOTHROW(check_label("Büro, 2. Stock"));
  CHECK(code_of([] { check_label(std::string(129, 'x')); }) == ErrorCode::invalid_argument);
  CHECK(code_of([] { check_label("a\nb"); }) == ErrorCode::invalid_argument);
  CHECK(code_of([] { check_label("\xff"); }) == ErrorCode::invalid_argument);
}

TEST_CASE("the bytes of a key object never change") {
  KeySlot slot{.repository = some_config().id,
               .kind = KeyKind::recovery,
               .label = "safe",
               .created = TimePoint(std::chrono::seconds(1'795'000'000)),
               .cost = {},
               .salt = Bytes(32),
               .sealed_key = Bytes(48)};
  CHECK(as_text(encode_key_slot(some_name(), slot)) == R"({
  "checksum": "f432f7341ffbde820a46aa7e7f2997ca692a7644910a705b873622dc437437d4",
  "created": "2026-11-18T11:06:40Z",
  "format": 1,
  "id": "0123456789abcdef",
  "kdf": "scrypt",
  "kind": "recovery",
  "label": "safe",
  "magic": "dbsnap key",
  "n": 32768,
  "p": 1,
  "r": 8,
  "repository": "00112233445566778899aabbccddeeff",
  "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  "sealed_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
}
)");
}

TEST_CASE("the sealed key is bound to what docs/format.md says") {
  const KeySlot slot = some_slot();
  const Bytes stored = encode_key_slot(some_name(), slot);
  const KeySlot read = decode_key_slot(some_name(), stored);
  const SecretKey by = derive_password_key("open sesame", read.salt, read.cost);
  Json clear = Json::parse(as_text(stored));
  clear.erase("checksum");
  clear.erase("sealed_key");
  const std::string binding =
      settings_text(some_config()) + "\n" + clear.dump() + "\nkeys/0123456789abcdef/ffeeddccbbaa99887766554433221100";
  SecretKey master;
  CHECK(aead_open(by.bytes(), Nonce96{}, as_byte_view(binding), read.sealed_key, master.bytes()));
  CHECK((master == some_master()));
}

}  // namespace dbsnap
