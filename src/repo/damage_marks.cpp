#include "repo/damage_marks.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "format/byte_io.hpp"
#include "format/envelope.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

// Nothing when there is no mark.
std::optional<DamageMark> load_mark(const RepositoryState& state, const SessionId& session, const Context& context) {
  const std::string key = damaged_key(session);
  Bytes object;
  try {
    object = state.sink->get(key, {}, context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found) throw;
    return std::nullopt;
  }
  try {
    return decode_mark(as_text(open_object(state.keys, ObjectType::damage_mark, key, object)));
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    return DamageMark{.all = true, .objects = {}};
  }
}

void set_mark(const RepositoryState& state, const SessionId& session, std::set<std::string> objects, bool looked_at_all,
              const Context& context) {
  const std::string key = damaged_key(session);
  const auto before = load_mark(state, session, context);
  if (before && !looked_at_all) {
    if (before->all) return;
    objects.insert(before->objects.begin(), before->objects.end());
  }
  if (before && !before->all && before->objects == objects) return;
  if (before) state.sink->remove(key, context);
  if (objects.empty()) return;
  put_object(state, ObjectType::damage_mark, key, encode_mark({.all = false, .objects = std::move(objects)}), context);
}

}  // namespace

std::string encode_mark(const DamageMark& mark) {
  if (mark.all) return "{}";
  const auto replace = nlohmann::json::error_handler_t::replace;
  return nlohmann::json({{"objects", mark.objects}}).dump(-1, ' ', false, replace);
}

DamageMark decode_mark(std::string_view payload) {
  try {
    const auto json = nlohmann::json::parse(payload);
    if (!json.is_object()) throw Error(ErrorCode::damaged, "a damage mark is no JSON object");
    if (!json.contains("objects")) return {.all = true, .objects = {}};
    return {.all = false, .objects = json.at("objects").get<std::set<std::string>>()};
  } catch (const nlohmann::json::exception& failure) {
    throw Error(ErrorCode::damaged, "a damage mark is damaged").why(failure.what());
  }
}

DamageMarks load_marks(const RepositoryState& state, const Context& context) {
  DamageMarks marks;
  for (const std::string& id : list_ids(state, kDamagedPrefix, context)) {
    if (auto mark = load_mark(state, parse_session_id(id).value(), context)) marks.emplace(id, *std::move(mark));
  }
  return marks;
}

bool only_packs(const DamageMark& mark) {
  return !mark.all &&
         std::ranges::all_of(mark.objects, [](const std::string& key) { return parse_pack_key(key).has_value(); });
}

std::set<PackId> marked_packs(const DamageMarks& marks) {
  std::set<PackId> packs;
  for (const auto& [id, mark] : marks) {
    for (const std::string& key : mark.objects) {
      if (const auto pack = parse_pack_key(key)) packs.insert(*pack);
    }
  }
  return packs;
}

void mark_damage(const RepositoryState& state, const SessionId& session, const std::set<std::string>& objects,
                 bool looked_at_all, const Context& context) {
  try {
    set_mark(state, session, objects, looked_at_all, context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::access_refused) throw;
    if (context.log) context.log(LogLevel::warning, "damage could not be marked: " + failure.message());
  }
}

}  // namespace dbsnap
