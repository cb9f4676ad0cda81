#include "repo/pending.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/time_text.hpp"
#include "dbsnap/error.hpp"
#include "format/byte_io.hpp"
#include "format/envelope.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

std::string key_of(const RepositoryState& state, const SessionId& session, const std::string& to) {
  return pending_prefix(session) + state.keys.source_key("pending\n" + to);
}

PendingCopy decode_pending(const std::string& key, const SessionId& session, ByteView payload) {
  try {
    const auto json = nlohmann::json::parse(as_text(payload));
    PendingCopy copy{.snapshot = to_text(session), .to = json.at("to"), .since = {}};
    const auto since = time_from_text(json.at("since").get<std::string>());
    if (!since) throw Error(ErrorCode::damaged, "object " + key + " holds no time").with("object", key);
    copy.since = *since;
    return copy;
  } catch (const nlohmann::json::exception& failure) {
    throw Error(ErrorCode::damaged, "object " + key + " is damaged").why(failure.what()).with("object", key);
  }
}

std::optional<PendingCopy> load(const RepositoryState& state, const std::string& key, const SessionId& session,
                                const Context& context) {
  const auto object = find_object(state, key, context);
  if (!object) return std::nullopt;  // settled since it was listed
  try {
    return decode_pending(key, session, open_object(state.keys, ObjectType::pending, key, *object));
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    if (context.log) context.log(LogLevel::warning, failure.message());
    return std::nullopt;
  }
}

}  // namespace

void note_pending(const RepositoryState& state, const std::string& id, const std::string& to, const Context& context) {
  const ManifestName name = find_manifest(state, id, context);
  const nlohmann::json json = {{"to", to}, {"since", time_text(context.clock->now())}};
  const auto replace = nlohmann::json::error_handler_t::replace;
  put_object(state, ObjectType::pending, key_of(state, name.session, to), json.dump(-1, ' ', false, replace), context);
}

std::vector<PendingCopy> load_pending(const RepositoryState& state, const Context& context) {
  std::vector<std::string> keys;
  state.sink->list(
      kPendingPrefix,
      [&](const ObjectInfo& object) {
        keys.push_back(object.key);
        return true;
      },
      context);
  std::vector<PendingCopy> copies;
  if (keys.empty()) return copies;
  std::ranges::sort(keys);
  const auto forgotten = list_ids(state, kForgottenPrefix, context);
  for (const std::string& key : keys) {
    const auto rest = std::string_view(key).substr(kPendingPrefix.size());
    const auto session = parse_session_id(rest.substr(0, rest.find('/')));
    if (!session || forgotten.contains(to_text(*session))) continue;
    if (auto copy = load(state, key, *session, context)) copies.push_back(*std::move(copy));
  }
  return copies;
}

void settle_pending(const RepositoryState& state, const PendingCopy& copy, const Context& context) {
  const auto session = parse_session_id(copy.snapshot);
  if (!session) throw no_such_snapshot(copy.snapshot);
  state.sink->remove(key_of(state, *session, copy.to), context);
}

}  // namespace dbsnap
