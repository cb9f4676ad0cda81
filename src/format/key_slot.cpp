#include "format/key_slot.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/hash.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"
#include "base/time_text.hpp"
#include "dbsnap/error.hpp"
#include "format/byte_io.hpp"

namespace dbsnap {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMagic = "dbsnap key";
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kMaxObject = 16U << 10;
constexpr std::size_t kMaxLabel = 128;
constexpr std::size_t kSaltSize = 32;
constexpr std::size_t kLeastSalt = 16;
constexpr std::size_t kMostSalt = 64;
constexpr int kMaxDepthOfJson = 4;

Error damaged(const KeyName& name, const std::string& what) {
  const std::string key = key_object_key(name);
  return Error(ErrorCode::damaged, "key object " + key + " is damaged: " + what).with("object", key);
}

Error newer(const KeyName& name) {
  const std::string key = key_object_key(name);
  return Error(ErrorCode::incompatible_version, "key object " + key + " was written by a newer dbsnap")
      .hint("dbsnap version")
      .with("object", key);
}

bool is_label(std::string_view label) {
  if (label.size() > kMaxLabel) return false;
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(label, control)) return false;
  try {
    static_cast<void>(Json(label).dump());
  } catch (const Json::exception&) {  // no UTF-8
    return false;
  }
  return true;
}

// Everything but the sealed key and the checksum.
Json clear_members(const KeyName& name, const KeySlot& slot) {
  return {{"magic", kMagic},
          {"format", kFormat},
          {"repository", slot.repository},
          {"id", name.id},
          {"kind", name_of(slot.kind)},
          {"label", slot.label},
          {"created", time_text(slot.created)},
          {"kdf", "scrypt"},
          {"n", slot.cost.n},
          {"r", slot.cost.r},
          {"p", slot.cost.p},
          {"salt", to_base64(slot.salt)}};
}

std::string checksum_of(const Json& document) { return to_hex(sha256(as_byte_view(document.dump()))); }

// What the sealed key is bound to: settings, all that is said in clear, and the object's place.
Bytes binding_of(const RepositoryConfig& config, const KeyName& name, const KeySlot& slot) {
  Bytes bytes;
  ByteWriter(bytes)
      .text(settings_text(config))
      .text("\n")
      .text(clear_members(name, slot).dump())
      .text("\n")
      .text(key_object_key(name));
  return bytes;
}

std::uint32_t number_of(const KeyName& name, const Json& json, const char* member) {
  const Json& value = json.at(member);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > UINT32_MAX) {
    throw damaged(name, std::string(member) + " is not a number in bounds");
  }
  return value.get<std::uint32_t>();
}

Bytes bytes_of(const KeyName& name, const Json& json, const char* member) {
  auto bytes = from_base64(json.at(member).get<std::string>());
  if (!bytes) throw damaged(name, std::string(member) + " is no base64");
  return *std::move(bytes);
}

KeySlot decode_members(const KeyName& name, const Json& document) {
  KeySlot slot;
  slot.repository = document.at("repository").get<std::string>();
  if (!parse_session_id(slot.repository)) throw damaged(name, "the repository's id is not one");
  if (document.at("id") != name.id) throw damaged(name, "it is the object of another key");
  const Json& kind = document.at("kind");
  if (kind != "password" && kind != "recovery") throw newer(name);
  slot.kind = kind == "recovery" ? KeyKind::recovery : KeyKind::password;
  slot.label = document.at("label").get<std::string>();
  if (!is_label(slot.label)) throw damaged(name, "its label is out of bounds");
  const auto created = time_from_text(document.at("created").get<std::string>());
  if (!created) throw damaged(name, "its time is not one");
  slot.created = *created;
  if (document.at("kdf") != "scrypt") throw newer(name);
  slot.cost = {number_of(name, document, "n"), number_of(name, document, "r"), number_of(name, document, "p")};
  if (!is_payable(slot.cost)) throw damaged(name, "its scrypt cost is out of bounds");
  slot.salt = bytes_of(name, document, "salt");
  slot.sealed_key = bytes_of(name, document, "sealed_key");
  if (slot.salt.size() < kLeastSalt || slot.salt.size() > kMostSalt) throw damaged(name, "its salt is out of bounds");
  if (slot.sealed_key.size() != sizeof(Key256) + kTagSize) throw damaged(name, "its sealed key is not whole");
  return slot;
}

}  // namespace

std::string_view name_of(KeyKind kind) noexcept { return kind == KeyKind::recovery ? "recovery" : "password"; }

void check_label(std::string_view label) {
  if (!is_label(label)) {
    throw Error(ErrorCode::invalid_argument, "a key's label is one line of UTF-8 text of at most 128 bytes");
  }
}

KeySlot seal_key_slot(const RepositoryConfig& config, const KeyName& name, const NewKey& key, std::string_view password,
                      const SecretKey& master) {
  check_label(key.label);
  KeySlot slot{.repository = config.id,
               .kind = key.kind,
               .label = key.label,
               .created = key.created,
               .cost = key.cost,
               .salt = Bytes(kSaltSize),
               .sealed_key = Bytes(sizeof(Key256) + kTagSize)};
  fill_random(slot.salt);
  const SecretKey by = derive_password_key(password, slot.salt, slot.cost);
  aead_seal(by.bytes(), Nonce96{}, binding_of(config, name, slot), master.view(), slot.sealed_key);
  return slot;
}

std::optional<SecretKey> open_key_slot(const RepositoryConfig& config, const KeyName& name, const KeySlot& slot,
                                       std::string_view password) {
  const SecretKey by = derive_password_key(password, slot.salt, slot.cost);
  SecretKey master;
  if (!aead_open(by.bytes(), Nonce96{}, binding_of(config, name, slot), slot.sealed_key, master.bytes())) {
    return std::nullopt;
  }
  return master;
}

Bytes encode_key_slot(const KeyName& name, const KeySlot& slot) {
  Json document = clear_members(name, slot);
  document["sealed_key"] = to_base64(slot.sealed_key);
  document["checksum"] = checksum_of(document);
  Bytes bytes;
  ByteWriter(bytes).text(document.dump(2)).text("\n");
  return bytes;
}

KeySlot decode_key_slot(const KeyName& name, ByteView bytes) {
  if (bytes.size() > kMaxObject) throw damaged(name, "it is too long");
  try {
    const auto bounded = [&](int depth, Json::parse_event_t, Json&) {
      if (depth > kMaxDepthOfJson) throw damaged(name, "it is nested too deeply");
      return true;
    };
    Json document = Json::parse(as_text(bytes), bounded);
    if (document.at("magic") != kMagic) throw damaged(name, "it is not one of dbsnap");
    const std::uint32_t format = number_of(name, document, "format");
    if (format > kFormat) throw newer(name);
    if (format < 1) throw damaged(name, "its format number is out of bounds");
    const std::string checksum = document.at("checksum").get<std::string>();
    document.erase("checksum");
    if (checksum_of(document) != checksum) throw damaged(name, "its checksum does not match");
    return decode_members(name, document);
  } catch (const Json::exception& failure) {
    throw damaged(name, failure.what());
  }
}

}  // namespace dbsnap
