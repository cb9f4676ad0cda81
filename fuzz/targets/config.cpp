// Repository configs, as they are and with the checksum put right.
#include "format/config.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/hash.hpp"
#include "base/hex.hpp"
#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

using Json = nlohmann::json;

/// `input` with the checksum that goes with it; nothing when it is not a shallow JSON object.
std::optional<std::string> with_checksum(ByteView input) {
  const auto shallow = [](int depth, Json::parse_event_t, const Json&) { return depth <= 8; };
  Json json = Json::parse(text_of(input), shallow, false);
  if (json.is_discarded() || !json.is_object()) return std::nullopt;
  json.erase("checksum");
  json["checksum"] = to_hex(sha256(view_of(json.dump())));
  return json.dump();
}

bool decodes(ByteView text) {
  return accepts([&] {
    const RepositoryConfig decoded = decode_config(text);
    check_sizes(decoded);
    const Bytes again = encode_config(decoded);
    require(encode_config(decode_config(again)) == again, "one text for one config");
  });
}

}  // namespace

bool config(ByteView input) {
  const bool whole = decodes(input);
  const auto text = with_checksum(input);
  return (text && decodes(view_of(*text))) || whole;
}

}  // namespace dbsnap::fuzz
