#include "format/round_codec.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "dbsnap/error.hpp"
#include "format/byte_io.hpp"

namespace dbsnap {
namespace {

using Json = nlohmann::json;

Error damaged(const std::string& what) {
  return Error(ErrorCode::damaged, "an object of a round of pruning is damaged: " + what);
}

// By session, because each of them wrote many packs and its id is long.
Json json_of(const std::vector<PackId>& packs) {
  Json json = Json::object();
  for (const PackId& pack : packs) json[to_text(pack.session)].push_back(pack.number);
  return json;
}

SessionId session_of(const std::string& text) {
  const auto id = parse_session_id(text);
  if (!id) throw damaged("it names no session: " + text);
  return *id;
}

std::vector<PackId> packs_of(const Json& json) {
  if (!json.is_object()) throw damaged("it lists no packs");
  std::vector<PackId> packs;
  for (const auto& [session, numbers] : json.items()) {
    const SessionId id = session_of(session);
    for (const Json& number : numbers) {
      if (!number.is_number_unsigned() || number.get<std::uint64_t>() > UINT32_MAX) {
        throw damaged("the number of a pack is out of bounds");
      }
      packs.push_back({id, number.get<std::uint32_t>()});
    }
  }
  std::ranges::sort(packs);
  return packs;
}

template <typename Decode>
auto decoded(ByteView payload, const Decode& decode) {
  try {
    return decode(Json::parse(as_text(payload)));
  } catch (const Json::exception& failure) {
    throw damaged(failure.what());
  }
}

}  // namespace

std::string encode_plan(const RoundPlan& plan) {
  Json seen = Json::array();
  for (const SessionId& id : plan.seen) seen.push_back(to_text(id));
  return Json{{"packs", json_of(plan.condemned)}, {"seen", seen}}.dump();
}

std::string encode_verdict(const RoundVerdict& verdict) { return Json{{"packs", json_of(verdict.packs)}}.dump(); }

RoundPlan decode_plan(ByteView payload) {
  return decoded(payload, [](const Json& json) {
    RoundPlan plan{.condemned = packs_of(json.at("packs")), .seen = {}};
    for (const Json& id : json.at("seen")) plan.seen.push_back(session_of(id.get<std::string>()));
    std::ranges::sort(plan.seen);
    return plan;
  });
}

RoundVerdict decode_verdict(ByteView payload) {
  return decoded(payload, [](const Json& json) { return RoundVerdict{.packs = packs_of(json.at("packs"))}; });
}

}  // namespace dbsnap
