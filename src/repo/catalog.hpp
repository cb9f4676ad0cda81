// Catalog: which snapshots, sessions, pins and marks a repository holds.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/manifest.hpp"
#include "dbsnap/repository.hpp"
#include "format/envelope.hpp"
#include "format/names.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Names of the snapshots that exist and are not forgotten, of one source or (empty key) of all; by
/// source, oldest start first.
std::vector<ManifestName> list_manifests(const RepositoryState& state, std::string_view source_key,
                                         const Context& context);
/// Name of one snapshot. Throws Error{not_found} when it does not exist or is forgotten.
ManifestName find_manifest(const RepositoryState& state, std::string_view id, const Context& context);
/// Throws Error{not_found} (also for a fence) or Error{damaged}, naming snapshot and object.
Manifest load_manifest(const RepositoryState& state, const ManifestName& name, const Context& context);

/// True when a prune took the manifest's key, so that its session never becomes a snapshot.
bool is_fenced(const RepositoryState& state, const ManifestName& name, const Context& context);
/// As load_manifest(), but nothing for a fence whose tombstone is missing still.
std::optional<Manifest> load_unless_fenced(const RepositoryState& state, const ManifestName& name,
                                           const Context& context);

/// True for a snapshot that `filter` lets through. Sources match by name, URL, key or engine.
bool matches(const SnapshotFilter& filter, const SnapshotSummary& summary);

/// Ids (32 hex digits) that have at least one object under `prefix`: "pins/", "damaged/", …
std::set<std::string, std::less<>> list_ids(const RepositoryState& state, std::string_view prefix,
                                            const Context& context);
/// All packs and their sizes.
std::unordered_map<PackId, std::uint64_t, PackIdHash> list_packs(const RepositoryState& state, const Context& context);

/// Puts a small object; false when the key was taken.
bool put_object(const RepositoryState& state, ObjectType type, const std::string& key, std::string_view payload,
                const Context& context);

/// What `sessions/<sid>` says of a session.
struct SessionRecord {
  SessionId id{};
  ManifestName manifest;  ///< the manifest it will become
  std::string host;
  std::string source;
};
void put_session(const RepositoryState& state, const SessionRecord& record, const Context& context);
/// Sessions that have no manifest: running now, dead, or fenced by a prune that then broke off.
std::vector<SessionRecord> list_unfinished(const RepositoryState& state, const Context& context);

/// Tombstone first, then manifest, then what else carries the snapshot's name.
void remove_manifest(const RepositoryState& state, const ManifestName& name, const Context& context);

}  // namespace dbsnap
