#include "repo/copy_snapshot.hpp"

#include <algorithm>
#include <utility>

#include "dbsnap/error.hpp"
#include "dbsnap/sinks/wrap.hpp"
#include "repo/copy_bases.hpp"
#include "repo/copy_feed.hpp"
#include "repo/copy_pairs.hpp"
#include "repo/moved_rows.hpp"
#include "repo/parent_choice.hpp"
#include "repo/session_commit.hpp"
#include "repo/snapshot_reader.hpp"
#include "repo/source_identity.hpp"
#include "repo/table_reader.hpp"

namespace dbsnap {
namespace {

// Decoded frames kept, of the source repository and of the parent in the target.
constexpr std::size_t kFromCache = 28U << 20;
constexpr std::size_t kParentCache = 24U << 20;
constexpr std::size_t kAloneCache = 4U << 20;
// How often a snapshot is stored that prunes of the target fence off.
constexpr unsigned kAttempts = 3;

// Nothing when they cannot be read there: then they are read where they are.
std::optional<Bytes> bytes_of(const std::optional<ChunkRef>& chunk, FrameStore& frames, const Context& context) {
  if (!chunk) return std::nullopt;
  try {
    FramePtr keep;
    const ByteView bytes = frames.chunk(*chunk, keep, context);
    return Bytes(bytes.begin(), bytes.end());
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    return std::nullopt;
  }
}

const ManifestEntry* find_entry(const Manifest& manifest, const ManifestEntry& like) {
  const auto found = std::ranges::find(manifest.entries, like.name, &ManifestEntry::name);
  return found != manifest.entries.end() && found->kind == like.kind ? &*found : nullptr;
}

/// One copy, from begin to end; may be stored several times.
class SnapshotCopying {
 public:
  SnapshotCopying(const CopyWork& work, const Manifest& snapshot, const Origin& origin,
                  const std::optional<CopiedBefore>& before, std::chrono::milliseconds behind, const Context& context)
      : behind_(behind),
        work_(work),
        to_(make_count_sink(work.to.sink, counter_), work.to.config, work.to.keys, work.to.opened, work.to.cache),
        snapshot_(snapshot),
        before_(before),
        context_(context),
        manifest_(snapshot) {
    manifest_.origin = origin;
    manifest_.source_key = source_key_in(work.to, work.from, snapshot.source, snapshot.source_key);
  }

  Manifest run() {
    const SnapshotWork steps{.store = [&](WriterSession& session) { store(session); },
                             .about_to_commit = [&] { manifest_.stats.store = counter_->counts(); },
                             .behind = behind_};
    for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
      if (commit_in_sessions(to_, manifest_, steps, context_)) return std::move(manifest_);
    }
    throw Error(ErrorCode::locked, "prunes took the copy of snapshot " + snapshot_.id +
                                       " for dead, time and again, before it could finish")
        .hint("dbsnap prune with a longer --patience")
        .retryable();
  }

 private:
  /// What all entries of one attempt share.
  struct Tools {
    FrameStore& from_frames;
    CopyBases& bases;
    CopyFeed& feed;
    const StoreServices& services;
  };

  void store(const WriterSession& writer) {
    const auto may_use = [&](const PackId& pack) { return writer.may_use(pack); };
    const WriterView view = view_for_writer(to_, context_);
    const ParentChoice parent = before_ ? take_as_parent(view, before_->to, may_use)
                                        : choose_parent(to_, view, manifest_.source_key, may_use, context_);
    for (const std::string& warning : parent.warnings) log_quietly(context_, LogLevel::warning, warning);
    const Leftovers leftovers = gather_leftovers(to_, view, manifest_.source_key, writer.id(), parent.packs,
                                                 parent.unusable, may_use, context_);

    const unsigned threads = thread_count(work_.options.threads);
    StoreCounters counters;
    StoreFindings findings;
    CodecPool codecs;
    FrameStore from_frames(work_.from, codecs, kFromCache, {}, work_.from.cache.get());
    FrameStore from_alone(work_.from, codecs, kAloneCache, {}, work_.from.cache.get());
    FrameStore parent_frames(to_, codecs, kParentCache, {}, to_.cache.get());
    CopyBases bases;
    PackWriter packs(to_, writer.id(), work_.meter, context_);
    TaskPool pool(threads - 1);
    // Where reads take their time, more of them are worth having under way than there are cores.
    TaskPool readers(std::max(threads, work_.from.sink->capabilities().parallel) - 1);
    StoreServices services{.state = to_,
                           .context = context_,
                           .pool = pool,
                           .codecs = codecs,
                           .parent_frames = parent_frames,
                           .packs = packs,
                           .meter = work_.meter,
                           .counters = counters,
                           .findings = findings,
                           .compression_level = work_.options.compression_level,
                           .cheap_reads = to_.sink->capabilities().cheap_reads,
                           .unusable = parent.unusable,
                           .leftovers = leftovers.empty() ? nullptr : &leftovers};
    help_each_other(from_frames, bases, services);
    CopyFeed feed(work_.from, from_frames, from_alone, readers, services);
    const Tools tools{.from_frames = from_frames, .bases = bases, .feed = feed, .services = services};
    std::vector<StoredEntry> stored;
    for (std::uint32_t i = 0; i < snapshot_.entries.size(); ++i) stored.push_back(store_entry(i, parent, tools));
    const KnownPacks written = settle_packs(stored, services);
    KnownPacks known = written;
    known.merge(KnownPacks(parent.packs));
    known.merge(KnownPacks(leftovers.packs()));
    manifest_.parent = parent.manifest ? parent.manifest->id : "";
    fill_entries(std::move(stored), written, known);
    fill_stats(counters, written);
    for (const std::string& warning : findings.warnings()) log_quietly(context_, LogLevel::warning, warning);
  }

  void fill_entries(std::vector<StoredEntry> stored, const KnownPacks& written, const KnownPacks& known) {
    std::set<PackId> used;
    for (const auto& [id, pack] : written) used.insert(id);
    for (std::size_t i = 0; i < stored.size(); ++i) {
      used.merge(stored[i].packs);
      manifest_.entries[i] = std::move(stored[i].entry);
    }
    manifest_.packs = needed_packs(used, known);
  }

  // The side where reads are cheap gives the bases: deltas of the source are then read without what they stand on, and
  // deltas for a target that is far away are made without reading it.
  void help_each_other(FrameStore& from_frames, CopyBases& bases, StoreServices& services) const {
    if (services.cheap_reads) {
      FrameStore& parent_frames = services.parent_frames;
      from_frames.look_for_bases_in([&bases, &parent_frames](const SlotRef& at, const Context& context) {
        return bytes_of(bases.in_target(at), parent_frames, context);
      });
    } else if (before_ && work_.from.sink->capabilities().cheap_reads) {
      services.base_elsewhere = [&bases, &from_frames](const ChunkRef& chunk, const Context& context) {
        return bytes_of(bases.in_source(chunk.at), from_frames, context);
      };
    }
  }

  StoredEntry store_entry(std::uint32_t position, const ParentChoice& parent, const Tools& tools) const {
    const StoreServices& services = tools.services;
    const ManifestEntry& from = snapshot_.entries[position];
    const ManifestEntry* const base = parent.manifest ? find_entry(*parent.manifest, from) : nullptr;
    const auto matcher = matcher_of(from, base, parent, tools);
    const auto find = [&](const ChunkRef& row, std::uint64_t offset) -> std::optional<ChunkRef> {
      if (auto found = matcher ? matcher->find(row, offset, context_) : std::nullopt) return found;
      if (!alike() || services.leftovers == nullptr) return std::nullopt;
      return services.leftovers->find(row.id, row.length);
    };
    StreamWriter writer(services, {.entry = position, .kind = from.kind, .level = 0}, base);
    try {
      tools.feed.run(from, find, writer);
    } catch (const Error& failure) {
      throw in_snapshot(failure, snapshot_.id);
    }
    StreamWriter::Result stored = writer.finish();
    StoredEntry result{.entry = from, .packs = std::move(stored.packs), .parent = base};
    result.entry.digest = stored.digest;
    result.entry.table_level = stored.table_level;
    result.entry.table_root = std::move(stored.table_root);
    return result;
  }

  // Null when nothing tells which chunks the target holds before they are read.
  std::unique_ptr<CopyMatcher> matcher_of(const ManifestEntry& from, const ManifestEntry* base,
                                          const ParentChoice& parent, const Tools& tools) const {
    if (base == nullptr) return nullptr;
    FrameStore& parent_frames = tools.services.parent_frames;
    MatcherListener listener{.lost = [this, name = from.name](const Error& failure) {
      log_quietly(
          context_, LogLevel::warning,
          "the chunk table of entry " + name +
              " of an earlier snapshot cannot be read to its end, so the rest was copied anew: " + failure.message());
    }};
    if (const ManifestEntry* const earlier = before_ ? find_entry(before_->from, from) : nullptr) {
      listener.replaced = [&bases = tools.bases](const ChunkPair& pair) { bases.note(pair); };
      return make_copy_matcher(from.kind, pairs_of_tables(tools.from_frames, *earlier, parent_frames, *base),
                               parent.unusable, std::move(listener));
    }
    if (!alike()) return nullptr;
    return make_copy_matcher(from.kind, pairs_of_table(parent_frames, *base), parent.unusable, std::move(listener));
  }

  [[nodiscard]] bool alike() const { return name_chunks_alike(work_.from, work_.to); }

  void fill_stats(const StoreCounters& counters, const KnownPacks& written) {
    manifest_.stats = {.bytes_read = counters.bytes_read,
                       .bytes_new = counters.bytes_new,
                       .chunks = counters.chunks,
                       .chunks_new = counters.chunks_new,
                       .frames = counters.frames,
                       .frames_delta = counters.frames_delta,
                       .packs_written = written.size()};
    for (const auto& [id, pack] : written) manifest_.stats.bytes_stored += pack.size;
  }

  const std::chrono::milliseconds behind_;
  const CopyWork& work_;
  const std::shared_ptr<SinkCounter> counter_ = std::make_shared<SinkCounter>();
  const RepositoryState to_;  // the target, counted
  const Manifest& snapshot_;
  const std::optional<CopiedBefore>& before_;
  const Context& context_;
  Manifest manifest_;
};

}  // namespace

Manifest copy_snapshot(const CopyWork& work, const Manifest& snapshot, const Origin& origin,
                       const std::optional<CopiedBefore>& before, std::chrono::milliseconds behind,
                       const Context& context) {
  return SnapshotCopying(work, snapshot, origin, before, behind, context).run();
}

std::uint64_t bytes_to_copy(const RepositoryState& from, const Manifest& snapshot, const Manifest* before,
                            const Context& context) {
  CodecPool codecs;
  FrameStore frames(from, codecs, kFromCache, {}, from.cache.get());
  const std::set<PackId> none;
  std::uint64_t bytes = 0;
  for (const ManifestEntry& entry : snapshot.entries) {
    const ManifestEntry* const earlier = before != nullptr ? find_entry(*before, entry) : nullptr;
    const auto matcher =
        earlier == nullptr ? nullptr : make_copy_matcher(entry.kind, pairs_of_table(frames, *earlier), none, {});
    TableReader table(frames, entry);
    for_each_chunk(table, entry, context, [&](const ChunkRef& row, std::uint64_t offset) {
      if (!matcher || !matcher->find(row, offset, context)) bytes += row.length;
    });
  }
  return bytes;
}

}  // namespace dbsnap
