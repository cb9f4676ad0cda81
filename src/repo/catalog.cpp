#include "repo/catalog.hpp"

#include <algorithm>
#include <utility>

#include "format/byte_io.hpp"
#include "format/manifest_codec.hpp"
#include "repo/at_once.hpp"
#include "repo/sessions.hpp"

namespace dbsnap {

Error no_such_snapshot(std::string_view id) {
  return Error(ErrorCode::not_found, "there is no snapshot " + std::string(id))
      .hint("dbsnap list")
      .with("snapshot", std::string(id));
}

SnapshotSummary unreadable_summary(const ManifestName& name) {
  SnapshotSummary summary;
  summary.id = to_text(name.session);
  summary.source_key = name.source_key;
  summary.time = name.started;
  summary.good = false;
  return summary;
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

std::optional<Bytes> find_object(const RepositoryState& state, const std::string& key, const Context& context) {
  try {
    return state.sink->get(key, {}, context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found) throw;
    return std::nullopt;
  }
}

std::vector<ManifestName> list_manifest_names(const RepositoryState& state, std::string_view source_key,
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
  return names;
}

void leave_out_forgotten(std::vector<ManifestName>& names, const std::set<std::string, std::less<>>& forgotten) {
  std::erase_if(names, [&](const ManifestName& name) { return forgotten.contains(to_text(name.session)); });
  std::ranges::sort(names, {}, [](const ManifestName& name) { return manifest_key(name); });
}

std::vector<ManifestName> list_manifests(const RepositoryState& state, std::string_view source_key,
                                         const Context& context) {
  auto names = list_manifest_names(state, source_key, context);
  // Behind a tombstone the manifest may be there still, until the next prune.
  leave_out_forgotten(names, list_ids(state, kForgottenPrefix, context));
  return names;
}

namespace {

std::optional<ManifestName> manifest_of(const RepositoryState& state, const SessionId& session,
                                        const Context& context) {
  std::optional<ManifestName> found;
  state.sink->list(
      kSnapshotPrefix,
      [&](const ObjectInfo& object) {
        found = parse_manifest_key(object.key);
        return !found || found->session != session;
      },
      context);
  return found && found->session == session ? found : std::nullopt;
}

}  // namespace

ManifestName find_manifest(const RepositoryState& state, std::string_view id, const Context& context) {
  const auto session = parse_session_id(id);
  if (!session) throw no_such_snapshot(id);
  std::optional<ManifestName> found;
  bool forgotten = false;
  const auto find = [&](std::size_t what, const Context& inner) {
    if (what == 0) {
      found = manifest_of(state, *session, inner);
    } else {
      forgotten = has_tombstone(state, *session, inner);
    }
  };
  at_once(2, state.sink->capabilities().parallel, find, context);
  if (!found || forgotten) throw no_such_snapshot(id);
  return *std::move(found);
}

namespace {

Manifest open_manifest(const RepositoryState& state, const ManifestName& name, ByteView object) {
  Manifest manifest = decode_manifest(open_object(state.keys, ObjectType::manifest, manifest_key(name), object));
  if (manifest.id != to_text(name.session) || manifest.source_key != name.source_key) {
    throw Error(ErrorCode::damaged, "it is the manifest of another snapshot");
  }
  return manifest;
}

/// The stored bytes, and what they say. Throws like load_manifest().
std::pair<Bytes, Manifest> fetch_manifest(const RepositoryState& state, const ManifestName& name,
                                          const Context& context) {
  const std::string key = manifest_key(name);
  const std::string id = to_text(name.session);
  auto object = find_object(state, key, context);
  if (!object) throw no_such_snapshot(id);
  try {
    Manifest manifest = open_manifest(state, name, *object);
    return {*std::move(object), std::move(manifest)};
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    if (holds_fence(state, key, *object)) throw no_such_snapshot(id);
    throw Error(ErrorCode::damaged, "the manifest of snapshot " + id + " is damaged")
        .why(failure.message())
        .hint("dbsnap verify")
        .with("snapshot", id)
        .with("object", key);
  }
}

}  // namespace

Manifest load_manifest(const RepositoryState& state, const ManifestName& name, const Context& context) {
  return fetch_manifest(state, name, context).second;
}

Manifest recall_manifest(const RepositoryState& state, const ManifestName& name, const Context& context) {
  if (!state.cache) return load_manifest(state, name, context);
  const std::string key = manifest_key(name);
  if (const auto kept = state.cache->object(key)) {
    try {
      return open_manifest(state, name, *kept);
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::damaged) throw;
      state.cache->drop_object(key);
    }
  }
  auto [object, manifest] = fetch_manifest(state, name, context);
  state.cache->keep_object(key, object, context);
  return manifest;
}

std::optional<Manifest> load_unless_fenced(const RepositoryState& state, const ManifestName& name,
                                           const Context& context) {
  try {
    return load_manifest(state, name, context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found) throw;
    // A prune may have removed it since it was listed. Without a tombstone it has no business to be gone.
    if (outcome_of(state, name, context) != Outcome::fence && !has_tombstone(state, name.session, context)) throw;
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
  return put_own(state, key, seal_object(state.keys, type, key, as_byte_view(payload)), context);
}

bool put_own(const RepositoryState& state, const std::string& key, const Bytes& object, const Context& context) {
  return state.put_new(key, object, context) == PutResult::stored || find_object(state, key, context) == object;
}

}  // namespace dbsnap
