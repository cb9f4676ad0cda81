#include "repo/repair_run.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "dbsnap/error.hpp"
#include "repo/catalog.hpp"
#include "repo/damage_marks.hpp"
#include "repo/progress_meter.hpp"
#include "repo/repair_packs.hpp"
#include "repo/repair_table.hpp"
#include "repo/repair_write.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kFrameCache = 28U << 20;
// Other snapshots of the source whose tables are looked at for what a lost table said.
constexpr std::size_t kMostRelatives = 8;

/// A snapshot that is there; no manifest when that cannot be read.
struct Found {
  ManifestName name;
  std::optional<Manifest> manifest;
  std::string why;
};

std::vector<Found> load_all(const RepositoryState& state, const Context& context) {
  std::vector<Found> all;
  for (const ManifestName& name : list_manifests(state, {}, context)) {
    try {
      all.push_back({name, load_manifest(state, name, context), {}});
      (void)packs_of(*all.back().manifest);
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::not_found) continue;  // forgotten since it was listed
      if (failure.code() != ErrorCode::damaged) throw;
      if (!all.empty() && all.back().name.session == name.session) all.pop_back();
      all.push_back({name, std::nullopt, failure.message()});
    }
  }
  return all;
}

KnownPacks packs_of_all(const std::vector<Found>& all) {
  KnownPacks known;
  for (const Found& found : all) {
    if (!found.manifest) continue;
    // Snapshots that share a pack need not share all that its deltas stand on.
    for (auto& [id, pack] : packs_of(*found.manifest)) {
      const auto [place, first] = known.emplace(id, pack);
      if (!first) place->second.bases.insert(pack.bases.begin(), pack.bases.end());
    }
  }
  return known;
}

class RepairRun {
 public:
  RepairRun(const RepositoryState& state, const RepairOptions& options, const Context& context)
      : state_(state),
        options_(options),
        context_(context),
        meter_(context, Phase::verify),
        frames_(state, codecs_, kFrameCache),
        all_(load_all(state, context)),
        packs_(state, frames_, packs_of_all(all_), context) {}

  RepairReport run() {
    report_.dry_run = options_.dry_run;
    for (const Found* suspect : suspects()) {
      meter_.item(to_text(suspect->name.session));
      ++report_.snapshots;
      look_at(*suspect);
      meter_.add_items(1);
      meter_.report();
    }
    meter_.finish_phase();
    return std::move(report_);
  }

 private:
  std::vector<const Found*> suspects() {
    std::vector<const Found*> chosen;
    for (const std::string& id : options_.ids) {
      const ManifestName name = find_manifest(state_, id, context_);
      for (const Found& found : all_) {
        if (found.name.session == name.session) chosen.push_back(&found);
      }
    }
    if (!options_.ids.empty()) return chosen;
    const DamageMarks marks = load_marks(state_, context_);
    const auto there = list_packs(state_, context_);
    for (const Found& found : all_) {
      const bool lacks = found.manifest && std::ranges::any_of(packs_of(*found.manifest), [&](const auto& pack) {
                           const auto listed = there.find(pack.first);
                           return listed == there.end() || listed->second != pack.second.size;
                         });
      if (!found.manifest || lacks || marks.contains(to_text(found.name.session))) chosen.push_back(&found);
    }
    return chosen;
  }

  void look_at(const Found& suspect) {
    SnapshotRepair repair;
    repair.id = to_text(suspect.name.session);
    if (!suspect.manifest) {
      repair.damaged = {manifest_key(suspect.name)};
      repair.why = suspect.why;
      report_.damaged.push_back(std::move(repair));
      return;
    }
    const Manifest& manifest = *suspect.manifest;
    for (const auto& [id, pack] : packs_of(manifest)) {
      if (!packs_.is_whole(id)) repair.damaged.push_back(pack.key);
    }
    if (repair.damaged.empty()) return;
    if (const Found* const heir = rebuilt_before(manifest)) {
      repair.rebuilt_as = heir->manifest->id;
    } else {
      rebuild(suspect, repair);
    }
    report_.damaged.push_back(std::move(repair));
  }

  const Found* rebuilt_before(const Manifest& manifest) {
    for (const Found& found : all_) {
      if (!found.manifest || found.manifest->source_key != manifest.source_key) continue;
      const auto& warnings = found.manifest->warnings;
      if (std::ranges::find(warnings, rebuilt_from(manifest.id)) == warnings.end()) continue;
      const KnownPacks needed = packs_of(*found.manifest);
      if (std::ranges::all_of(needed, [&](const auto& pack) { return packs_.is_whole(pack.first); })) return &found;
    }
    return nullptr;
  }

  void rebuild(const Found& suspect, SnapshotRepair& repair) {
    const Manifest& manifest = *suspect.manifest;
    const std::vector<Manifest> relatives = relatives_of(suspect);
    std::vector<std::vector<ChunkSource>> entries;
    for (std::uint32_t i = 0; i < manifest.entries.size(); ++i) {
      FoundRows found = find_rows(manifest, i, relatives, state_.config.chunk_size, packs_, frames_, context_);
      if (found.rebuilt) ++repair.tables_rebuilt;
      repair.lost.insert(repair.lost.end(), found.lost.begin(), found.lost.end());
      entries.push_back(sources_of(manifest.entries[i], found.rows, repair));
    }
    if (!repair.lost.empty() || options_.dry_run) return;
    repair.rebuilt_as = write_rebuilt(state_, manifest, entries, packs_.known(), frames_, options_.threads, context_);
  }

  // Nearest first: the parent, then what was taken just before and just after.
  std::vector<Manifest> relatives_of(const Found& suspect) const {
    std::vector<const Found*> others;
    for (const Found& found : all_) {
      if (found.manifest && &found != &suspect && found.name.source_key == suspect.name.source_key) {
        others.push_back(&found);
      }
    }
    const auto distance = [&](const Found* found) {
      if (found->manifest->id == suspect.manifest->parent) return TimePoint::duration(-1);
      const auto apart = found->name.started - suspect.name.started;
      return apart < apart.zero() ? -apart : apart;
    };
    std::ranges::stable_sort(others, {}, distance);
    if (others.size() > kMostRelatives) others.resize(kMostRelatives);
    std::vector<Manifest> relatives;
    relatives.reserve(others.size());
    for (const Found* found : others) relatives.push_back(*found->manifest);
    return relatives;
  }

  std::vector<ChunkSource> sources_of(const ManifestEntry& entry, const std::vector<ChunkRef>& rows,
                                      SnapshotRepair& repair) {
    std::vector<ChunkSource> sources;
    std::uint64_t offset = 0;
    for (const ChunkRef& row : rows) {
      context_.check();
      if (const auto source = source_of(row, repair)) {
        sources.push_back(*source);
      } else {
        add_lost(entry, offset, row.length, repair);
      }
      offset += row.length;
    }
    return sources;
  }

  std::optional<ChunkSource> source_of(const ChunkRef& row, SnapshotRepair& repair) {
    if (packs_.is_sound(row.at.frame.pack)) return ChunkSource{row, false};
    try {
      FramePtr keep;
      (void)frames_.chunk(row, keep, context_);
      ++repair.chunks_rescued;
      return ChunkSource{row, true};
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::damaged) throw;
    }
    const auto copy = packs_.find_elsewhere(row.id, row.length);
    if (!copy) return std::nullopt;
    ++repair.chunks_found;
    return ChunkSource{*copy, false};
  }

  static void add_lost(const ManifestEntry& entry, std::uint64_t offset, std::uint64_t length, SnapshotRepair& repair) {
    if (!repair.lost.empty()) {
      LostRange& last = repair.lost.back();
      if (last.entry == entry.name && last.offset + last.length == offset) {
        last.length += length;
        return;
      }
    }
    repair.lost.push_back({entry.name, offset, length});
  }

  const RepositoryState& state_;
  const RepairOptions& options_;
  const Context& context_;
  ProgressMeter meter_;
  CodecPool codecs_;
  FrameStore frames_;
  const std::vector<Found> all_;
  RepairPacks packs_;
  RepairReport report_;
};

}  // namespace

RepairReport run_repair(const RepositoryState& state, const RepairOptions& options, const Context& context) {
  return RepairRun(state, options, context).run();
}

}  // namespace dbsnap
