#include "repo/catalog.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "format/byte_io.hpp"
#include "format/manifest_codec.hpp"

namespace dbsnap {
namespace {

Error no_such_snapshot(std::string_view id) {
  return Error(ErrorCode::not_found, "there is no snapshot " + std::string(id))
      .hint("dbsnap list")
      .with("snapshot", std::string(id));
}

SessionRecord decode_session(const SessionId& id, ByteView payload) {
  try {
    const auto json = nlohmann::json::parse(as_text(payload));
    SessionRecord record{.id = id, .manifest = {}, .host = json.at("host"), .source = json.at("source")};
    const auto name = parse_manifest_key(json.at("manifest").get<std::string>());
    if (!name || name->session != id) throw Error(ErrorCode::damaged, "session " + to_text(id) + " names no manifest");
    record.manifest = *name;
    return record;
  } catch (const nlohmann::json::exception& failure) {
    throw Error(ErrorCode::damaged, "session " + to_text(id) + " is damaged").why(failure.what());
  }
}

void remove_all(const RepositoryState& state, const std::string& prefix, const Context& context) {
  std::vector<std::string> keys;
  state.sink->list(
      prefix,
      [&](const ObjectInfo& object) {
        keys.push_back(object.key);
        return true;
      },
      context);
  for (const std::string& key : keys) state.sink->remove(key, context);
}

bool holds_fence(const RepositoryState& state, const std::string& key, ByteView object) {
  try {
    (void)open_object(state.keys, ObjectType::forgotten, key, object);
    return true;
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    return false;
  }
}

}  // namespace

std::vector<ManifestName> list_manifests(const RepositoryState& state, std::string_view source_key,
                                         const Context& context) {
  std::vector<ManifestName> names;
  std::string prefix(kSnapshotPrefix);
  if (!source_key.empty()) prefix += std::string(source_key) + "/";
  state.sink->list(
      prefix,
      [&](const ObjectInfo& object) {
        if (auto name = parse_manifest_key(object.key)) names.push_back(*std::move(name));
        return true;
      },
      context);
  // A tombstone whose manifest is still there: a forget that was interrupted.
  const auto forgotten = list_ids(state, kForgottenPrefix, context);
  std::erase_if(names, [&](const ManifestName& name) { return forgotten.contains(to_text(name.session)); });
  std::ranges::sort(names, {}, [](const ManifestName& name) { return manifest_key(name); });
  return names;
}

ManifestName find_manifest(const RepositoryState& state, std::string_view id, const Context& context) {
  const auto session = parse_session_id(id);
  if (!session) throw no_such_snapshot(id);
  for (auto& name : list_manifests(state, {}, context)) {
    if (name.session == *session) return name;
  }
  throw no_such_snapshot(id);
}

bool is_fenced(const RepositoryState& state, const ManifestName& name, const Context& context) {
  const std::string key = manifest_key(name);
  try {
    return holds_fence(state, key, state.sink->get(key, {}, context));
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found) throw;
    return false;
  }
}

Manifest load_manifest(const RepositoryState& state, const ManifestName& name, const Context& context) {
  const std::string key = manifest_key(name);
  const std::string id = to_text(name.session);
  Bytes object;
  try {
    object = state.sink->get(key, {}, context);
  } catch (const Error& failure) {
    if (failure.code() == ErrorCode::not_found) throw no_such_snapshot(id);
    throw;
  }
  try {
    Manifest manifest = decode_manifest(open_object(state.keys, ObjectType::manifest, key, object));
    if (manifest.id != id || manifest.source_key != name.source_key) {
      throw Error(ErrorCode::damaged, "it is the manifest of another snapshot");
    }
    return manifest;
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    if (holds_fence(state, key, object)) throw no_such_snapshot(id);
    throw Error(ErrorCode::damaged, "the manifest of snapshot " + id + " is damaged")
        .why(failure.message())
        .hint("dbsnap verify")
        .with("snapshot", id)
        .with("object", key);
  }
}

std::optional<Manifest> load_unless_fenced(const RepositoryState& state, const ManifestName& name,
                                           const Context& context) {
  try {
    return load_manifest(state, name, context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found || !is_fenced(state, name, context)) throw;
    return std::nullopt;
  }
}

bool matches(const SnapshotFilter& filter, const SnapshotSummary& summary) {
  const std::string& wanted = filter.source;
  const SourceInfo& source = summary.source;
  const bool source_fits = wanted.empty() || wanted == source.name || wanted == source.url ||
                           wanted == summary.source_key || wanted == source.engine;
  return source_fits && std::ranges::all_of(filter.tags, [&](const std::string& tag) {
           return std::ranges::find(summary.tags, tag) != summary.tags.end();
         });
}

std::set<std::string, std::less<>> list_ids(const RepositoryState& state, std::string_view prefix,
                                            const Context& context) {
  std::set<std::string, std::less<>> ids;
  state.sink->list(
      prefix,
      [&](const ObjectInfo& object) {
        const auto rest = std::string_view(object.key).substr(prefix.size());
        const auto id = rest.substr(0, rest.find('/'));
        if (parse_session_id(id)) ids.emplace(id);
        return true;
      },
      context);
  return ids;
}

std::unordered_map<PackId, std::uint64_t, PackIdHash> list_packs(const RepositoryState& state, const Context& context) {
  std::unordered_map<PackId, std::uint64_t, PackIdHash> packs;
  state.sink->list(
      kPackPrefix,
      [&](const ObjectInfo& object) {
        if (const auto id = parse_pack_key(object.key)) packs.emplace(*id, object.size);
        return true;
      },
      context);
  return packs;
}

bool put_object(const RepositoryState& state, ObjectType type, const std::string& key, std::string_view payload,
                const Context& context) {
  const Bytes object = seal_object(state.keys, type, key, as_byte_view(payload));
  return state.sink->put(key, object, {.if_absent = true}, context) == PutResult::stored;
}

void put_session(const RepositoryState& state, const SessionRecord& record, const Context& context) {
  const nlohmann::json json = {
      {"manifest", manifest_key(record.manifest)}, {"host", record.host}, {"source", record.source}};
  const auto replace = nlohmann::json::error_handler_t::replace;
  if (!put_object(state, ObjectType::session, session_key(record.id), json.dump(-1, ' ', false, replace), context)) {
    throw Error(ErrorCode::internal, "the random session id " + to_text(record.id) + " is taken");
  }
}

std::vector<SessionRecord> list_unfinished(const RepositoryState& state, const Context& context) {
  std::vector<SessionRecord> unfinished;
  const auto forgotten = list_ids(state, kForgottenPrefix, context);
  for (const std::string& text : list_ids(state, kSessionPrefix, context)) {
    if (forgotten.contains(text)) continue;  // over, whatever it was; its record is removed by the next prune
    const SessionId id = parse_session_id(text).value();
    Bytes object;
    try {
      object = state.sink->get(session_key(id), {}, context);
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::not_found) continue;  // it has finished since it was listed
      throw;
    }
    SessionRecord record = decode_session(id, open_object(state.keys, ObjectType::session, session_key(id), object));
    const bool taken = state.sink->stat(manifest_key(record.manifest), context).has_value();
    if (!taken || is_fenced(state, record.manifest, context)) unfinished.push_back(std::move(record));
  }
  return unfinished;
}

void remove_manifest(const RepositoryState& state, const ManifestName& name, const Context& context) {
  put_object(state, ObjectType::forgotten, forgotten_key(name.session), "{}", context);
  state.sink->remove(manifest_key(name), context);
  state.sink->remove(session_key(name.session), context);
  state.sink->remove(damaged_key(name.session), context);
  remove_all(state, pin_prefix(name.session), context);
}

}  // namespace dbsnap
