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
/// source, oldest start first. A session that was fenced off a moment ago may be among them.
std::vector<ManifestName> list_manifests(const RepositoryState& state, std::string_view source_key,
                                         const Context& context);
/// The same with those that are forgotten, in any order.
std::vector<ManifestName> list_manifest_names(const RepositoryState& state, std::string_view source_key,
                                              const Context& context);
/// Takes out the names of sessions in `forgotten`, and puts the others in order.
void leave_out_forgotten(std::vector<ManifestName>& names, const std::set<std::string, std::less<>>& forgotten);
/// Name of one snapshot. Throws Error{not_found} when it does not exist or is forgotten.
ManifestName find_manifest(const RepositoryState& state, std::string_view id, const Context& context);
/// Error{not_found} about a snapshot.
Error no_such_snapshot(std::string_view id);
/// Throws Error{not_found} (also for a fence) or Error{damaged}, naming snapshot and object.
Manifest load_manifest(const RepositoryState& state, const ManifestName& name, const Context& context);

/// As load_manifest(), from the cache where it has it. For what was listed a moment ago: a cached manifest says nothing
/// about what the store holds.
Manifest recall_manifest(const RepositoryState& state, const ManifestName& name, const Context& context);
/// What a list shows of a snapshot whose manifest cannot be read: that it is there, and damaged.
SnapshotSummary unreadable_summary(const ManifestName& name);

/// True when the object read from `key` is a fence: a prune took the manifest's key, so that its session never becomes
/// a snapshot.
bool holds_fence(const RepositoryState& state, const std::string& key, ByteView object);
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

/// The bytes of an object, or nothing when there is none.
std::optional<Bytes> find_object(const RepositoryState& state, const std::string& key, const Context& context);
/// Puts a small object; false when the key was taken by another one.
bool put_object(const RepositoryState& state, ObjectType type, const std::string& key, std::string_view payload,
                const Context& context);
/// The same for bytes that are sealed already. A sink that puts again after a lost answer meets its own object: that
/// counts as put.
bool put_own(const RepositoryState& state, const std::string& key, const Bytes& object, const Context& context);

}  // namespace dbsnap
