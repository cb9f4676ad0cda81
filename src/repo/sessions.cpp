#include "repo/sessions.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "dbsnap/error.hpp"
#include "format/byte_io.hpp"
#include "format/envelope.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

SessionRecord decode_session(const SessionId& id, ByteView payload) {
  try {
    const auto json = nlohmann::json::parse(as_text(payload));
    auto name = parse_manifest_key(json.at("manifest").get<std::string>());
    if (!name || name->session != id) throw Error(ErrorCode::damaged, "session " + to_text(id) + " names no manifest");
    auto host = json.at("host").get<std::string>();
    auto source = json.at("source").get<std::string>();
    return {.id = id, .manifest = *std::move(name), .host = std::move(host), .source = std::move(source)};
  } catch (const nlohmann::json::exception& failure) {
    throw Error(ErrorCode::damaged, "session " + to_text(id) + " is damaged").why(failure.what());
  }
}

}  // namespace

void put_session(const RepositoryState& state, const SessionRecord& record, const Context& context) {
  const nlohmann::json json = {
      {"manifest", manifest_key(record.manifest)}, {"host", record.host}, {"source", record.source}};
  const auto replace = nlohmann::json::error_handler_t::replace;
  if (!put_object(state, ObjectType::session, session_key(record.id), json.dump(-1, ' ', false, replace), context)) {
    throw Error(ErrorCode::internal, "the random session id " + to_text(record.id) + " is taken");
  }
}

std::optional<SessionRecord> find_session(const RepositoryState& state, const SessionId& id, const Context& context) {
  const std::string key = session_key(id);
  const auto object = find_object(state, key, context);
  if (!object) return std::nullopt;
  return decode_session(id, open_object(state.keys, ObjectType::session, key, *object));
}

Outcome outcome_of(const RepositoryState& state, const ManifestName& name, const Context& context) {
  const std::string key = manifest_key(name);
  const auto object = find_object(state, key, context);
  if (!object) return Outcome::none;
  return holds_fence(state, key, *object) ? Outcome::fence : Outcome::snapshot;
}

bool has_tombstone(const RepositoryState& state, const SessionId& id, const Context& context) {
  return state.sink->stat(forgotten_key(id), context).has_value();
}

void put_tombstone(const RepositoryState& state, const SessionId& id, const Context& context) {
  put_object(state, ObjectType::forgotten, forgotten_key(id), "{}", context);
}

bool fence(const RepositoryState& state, const ManifestName& name, const Context& context) {
  const bool taken = !put_object(state, ObjectType::forgotten, manifest_key(name), "{}", context);
  if (taken && outcome_of(state, name, context) != Outcome::fence) return false;
  put_tombstone(state, name.session, context);
  return true;
}

}  // namespace dbsnap
