#include "repo/inventory.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <unordered_set>

#include "repo/catalog.hpp"
#include "repo/snapshot_reader.hpp"
#include "repo/table_reader.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kTableCache = 8U << 20;

std::uint64_t mark_of(const ChunkId& id) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, id.data(), sizeof bits);
  return bits;
}

const ManifestEntry* find_entry(const Manifest& manifest, const std::string& name) {
  const auto found = std::ranges::find(manifest.entries, name, &ManifestEntry::name);
  return found == manifest.entries.end() ? nullptr : &*found;
}

// Chunks of `after` that `before` does not hold anywhere; 8 bytes of memory per chunk of `before`.
void count_changes(FrameStore& frames, const ManifestEntry& before, const ManifestEntry& after, EntryDiff& diff,
                   const Context& context) {
  std::unordered_set<std::uint64_t> known;
  TableReader old_table(frames, before);
  while (const auto row = old_table.next(context)) known.insert(mark_of(row->id));
  TableReader new_table(frames, after);
  while (const auto row = new_table.next(context)) {
    if (known.contains(mark_of(row->id))) continue;
    ++diff.chunks_changed;
    diff.bytes_changed += row->length;
  }
}

EntryDiff compare_entry(FrameStore& frames, const ManifestEntry* before, const ManifestEntry& after,
                        const Context& context) {
  EntryDiff diff{.name = after.name, .size_after = after.size};
  if (before == nullptr) {
    diff.change = EntryDiff::Change::added;
    diff.chunks_changed = after.chunks;
    diff.bytes_changed = after.size;
    return diff;
  }
  diff.size_before = before->size;
  if (before->digest == after.digest && before->size == after.size) return diff;
  diff.change = EntryDiff::Change::changed;
  count_changes(frames, *before, after, diff, context);
  return diff;
}

}  // namespace

RepositoryStats gather_stats(const RepositoryState& state, const Context& context) {
  RepositoryStats stats;
  std::set<std::string> sources;
  std::set<std::string> needed;
  for (const ManifestName& name : list_manifests(state, {}, context)) {
    const auto manifest = load_unless_fenced(state, name, context);
    if (!manifest) continue;
    ++stats.snapshots;
    sources.insert(manifest->source_key);
    for (const ManifestEntry& entry : manifest->entries) stats.plain_bytes += entry.size;
    for (const PackInfo& pack : manifest->packs) needed.insert(pack.key);
  }
  stats.sources = sources.size();
  state.sink->list(
      {},
      [&](const ObjectInfo& object) {
        ++stats.objects;
        stats.stored_bytes += object.size;
        if (!object.key.starts_with(kPackPrefix)) return true;
        stats.pack_bytes += object.size;
        if (!needed.contains(object.key)) stats.unreferenced_bytes += object.size;
        return true;
      },
      context);
  return stats;
}

DiffReport compare_snapshots(const RepositoryState& state, const Manifest& before, const Manifest& after,
                             const Context& context) {
  DiffReport report{.before = before.id, .after = after.id, .entries = {}};
  CodecPool codecs;
  FrameStore frames(state, codecs, kTableCache);
  try {
    for (const ManifestEntry& entry : after.entries) {
      report.entries.push_back(compare_entry(frames, find_entry(before, entry.name), entry, context));
    }
  } catch (const Error& failure) {
    throw in_snapshot(failure, after.id);
  }
  for (const ManifestEntry& entry : before.entries) {
    if (find_entry(after, entry.name) != nullptr) continue;
    report.entries.push_back({.name = entry.name, .change = EntryDiff::Change::removed, .size_before = entry.size});
  }
  return report;
}

}  // namespace dbsnap
