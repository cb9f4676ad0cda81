#include "support.hpp"

#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/hex.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "dbsnap/error.hpp"

namespace dbsnap::fuzz {

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

bool accepts(const std::function<void()>& decode) {
  try {
    decode();
    return true;
  } catch (const Error& error) {
    const ErrorCode code = error.code();
    require(code == ErrorCode::damaged || code == ErrorCode::incompatible_version || code == ErrorCode::unsupported ||
                code == ErrorCode::invalid_argument,
            error.message());
    require(!error.message().empty(), "a refusal says why");
    return false;
  }
}

void patch(Bytes& bytes, std::size_t position, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes.at(position + i) = static_cast<std::byte>(value >> (8 * i));
}

std::optional<std::string> with_checksum(ByteView input) {
  using Json = nlohmann::json;
  const auto shallow = [](int depth, Json::parse_event_t, const Json&) { return depth <= 8; };
  Json json = Json::parse(text_of(input), shallow, false);
  if (json.is_discarded() || !json.is_object()) return std::nullopt;
  json.erase("checksum");
  json["checksum"] = to_hex(sha256(view_of(json.dump())));
  return json.dump();
}

const KeyRing& open_keys() {
  static const KeyRing keys("00112233445566778899aabbccddeeff", std::nullopt);
  return keys;
}

PackId corpus_pack() {
  PackId id;
  for (std::size_t i = 0; i < id.session.size(); ++i) id.session[i] = static_cast<std::byte>(i * 0x11);
  id.number = 1;
  return id;
}

KeyName corpus_key() { return {.id = "0123456789abcdef", .object = "ffeeddccbbaa99887766554433221100"}; }

}  // namespace dbsnap::fuzz
