#include "repo/snapshot_run.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "dbsnap/sinks/wrap.hpp"
#include "dbsnap/version.hpp"
#include "format/byte_io.hpp"
#include "format/manifest_codec.hpp"
#include "repo/catalog.hpp"
#include "repo/chunk_feed.hpp"
#include "repo/first_failure.hpp"
#include "repo/lost_source.hpp"
#include "repo/moved_rows.hpp"
#include "repo/parent_choice.hpp"
#include "repo/session_commit.hpp"
#include "repo/source_identity.hpp"

namespace dbsnap {
namespace {

// Frames of the parent that are kept decoded: neighbouring chunks lie in the same ones.
constexpr std::size_t kParentCache = 24U << 20;
// How often the source is read for one snapshot that prunes fence off, or whose source is lost.
constexpr unsigned kReads = 3;

/// The entries of the snapshot, as the reading threads finish them.
class EntryList {
 public:
  explicit EntryList(const Manifest* parent) : parent_(parent) {}

  struct Begun {
    Entry entry;
    std::uint32_t position = 0;  // in the manifest
  };

  /// Next entry of the session. One thread at a time asks, so that the manifest has the engine's order.
  std::optional<Begun> begin_next(Session& session, const Context& context) {
    const std::scoped_lock asking(next_mutex_);
    auto entry = session.next(context);
    if (!entry) return std::nullopt;
    if (entry->name.empty()) throw Error(ErrorCode::internal, "the engine gave an entry without a name");
    const std::scoped_lock lock(mutex_);
    if (!names_.insert(entry->name).second) {
      throw Error(ErrorCode::internal, "the engine gave two entries the name " + entry->name);
    }
    entries_.emplace_back();
    return Begun{*std::move(entry), static_cast<std::uint32_t>(entries_.size() - 1)};
  }
  void end_entry(std::uint32_t position, StoredEntry entry) {
    const std::scoped_lock lock(mutex_);
    entries_[position] = std::move(entry);
  }
  [[nodiscard]] const ManifestEntry* parent_of(const Entry& entry) const {
    if (parent_ == nullptr) return nullptr;
    const auto found = std::ranges::find(parent_->entries, entry.name, &ManifestEntry::name);
    return found != parent_->entries.end() && found->kind == entry.kind ? &*found : nullptr;
  }
  std::vector<StoredEntry> take() { return std::move(entries_); }

 private:
  const Manifest* parent_;
  std::mutex next_mutex_;
  std::mutex mutex_;  // guards what follows
  std::set<std::string> names_;
  std::vector<StoredEntry> entries_;
};

void store_entry(EntryList::Begun begun, EntryList& entries, const StoreServices& services, ChunkFeed& feed) {
  auto& [entry, position] = begun;
  services.meter.item(entry.name);
  if (entry.size_hint) services.meter.set_total(services.counters.bytes_expected += *entry.size_hint);
  const StreamPlace place{.entry = position, .kind = entry.kind, .level = 0};
  const ManifestEntry* const parent = entries.parent_of(entry);
  StreamWriter writer(services, place, parent);
  feed.run(*entry.reader, entry.kind, writer);
  StreamWriter::Result stored = writer.finish();
  entries.end_entry(position, {.entry = {.name = entry.name,
                                         .kind = entry.kind,
                                         .size = stored.size,
                                         .chunks = stored.chunks,
                                         .digest = std::move(stored.digest),
                                         .facts = entry.facts,
                                         .table_level = stored.table_level,
                                         .table_root = std::move(stored.table_root)},
                               .packs = std::move(stored.packs),
                               .parent = parent});
  services.meter.add_items(1);
}

void store_entries(Session& session, unsigned threads, EntryList& entries, const StoreServices& services,
                   std::uint64_t read_limit, FirstFailure& failure) {
  const ContentCutter cutter(CutParameters::around(services.state.config.chunk_size), services.state.keys.cut_key());
  RateLimit limit(read_limit);
  const auto read_entries = [&] {
    failure.guard([&] {
      ChunkFeed feed(services, cutter, limit);
      while (auto begun = entries.begin_next(session, services.context)) {
        store_entry(*std::move(begun), entries, services, feed);
      }
    });
  };
  {
    std::vector<std::jthread> readers;
    for (unsigned i = 1; i < threads; ++i) readers.emplace_back(read_entries);
    read_entries();
  }
  failure.rethrow();
}

/// One run, from begin to end.
class SnapshotRun {
 public:
  SnapshotRun(const RepositoryState& state, const SourceInfo& source, const SnapshotOptions& options,
              const Context& context)
      : state_(make_count_sink(state.sink, counter_), state.config, state.keys, state.opened, state.cache),
        options_(options),
        context_(context),
        meter_(context, Phase::connect) {
    manifest_.source = source;
    manifest_.source.host = options.host;
    if (!options.source_name.empty()) manifest_.source.name = options.source_name;
    manifest_.source_key = state.keys.source_key(identity_of(manifest_.source, options.source_name));
    manifest_.started = context.clock->now();
  }

  /// The snapshot; nothing when a prune fenced it off and its packs cannot be used again, so that the source must be
  /// read once more.
  std::optional<Manifest> run(const BeginSession& begin) {
    const SnapshotWork work{.store = [&](WriterSession& session) { store(begin, session); },
                            .about_to_commit = [&] { manifest_.stats.store = counter_->counts(); },
                            .committed = [&] { meter_.finish_phase(); }};
    if (!commit_in_sessions(state_, manifest_, work, context_)) return std::nullopt;
    return std::move(manifest_);
  }

 private:
  void store(const BeginSession& begin, const WriterSession& writer) {
    ParentChoice parent;
    const auto may_use = [&](const PackId& pack) { return writer.may_use(pack); };
    WriterView view;
    if (options_.use_parent) {
      view = view_for_writer(state_, context_);
      parent = choose_parent(state_, view, manifest_.source_key, may_use, context_);
    }
    const Manifest* const base = parent.manifest ? &*parent.manifest : nullptr;
    if (base != nullptr) manifest_.parent = base->id;
    manifest_.warnings = parent.warnings;
    Leftovers leftovers;
    if (options_.use_parent) {
      leftovers = gather_leftovers(state_, view, manifest_.source_key, writer.id(), parent.packs, parent.unusable,
                                   may_use, context_);
    }

    const unsigned threads = thread_count(options_.threads);
    FirstFailure failure(context_);
    const auto session = begin({.parent = base, .threads = threads}, failure.context());
    manifest_.time = options_.time.value_or(context_.clock->now());
    meter_.finish_phase();
    meter_.phase(Phase::read);

    StoreCounters counters;
    StoreFindings findings;
    EntryList entries(base);
    CodecPool codecs;
    FrameStore parent_frames(state_, codecs, kParentCache, {}, state_.cache.get());
    PackWriter packs(state_, writer.id(), meter_, failure.context());
    TaskPool pool(threads - 1);
    const StoreServices services{.state = state_,
                                 .context = failure.context(),
                                 .pool = pool,
                                 .codecs = codecs,
                                 .parent_frames = parent_frames,
                                 .packs = packs,
                                 .meter = meter_,
                                 .counters = counters,
                                 .findings = findings,
                                 .compression_level = options_.compression_level,
                                 .base_data = options_.base_data,
                                 .cheap_reads = state_.sink->capabilities().cheap_reads,
                                 .unusable = parent.unusable,
                                 .leftovers = leftovers.empty() ? nullptr : &leftovers};
    store_entries(*session, threads, entries, services, options_.read_limit, failure);
    SessionResult result = session->finish(failure.context());
    manifest_.finished = context_.clock->now();
    meter_.finish_phase();
    meter_.phase(Phase::commit);
    std::vector<StoredEntry> stored = entries.take();
    const KnownPacks written = settle_packs(stored, services);

    manifest_.consistency_point = std::move(result.consistency_point);
    manifest_.engine_facts = std::move(result.facts);
    append(manifest_.warnings, result.warnings);
    append(manifest_.warnings, findings.warnings());
    std::set<PackId> used;
    for (const auto& [id, pack] : written) used.insert(id);
    manifest_.entries.clear();
    for (StoredEntry& each : stored) {
      used.merge(each.packs);
      manifest_.entries.push_back(std::move(each.entry));
    }
    KnownPacks known = written;
    known.merge(parent.packs);
    known.merge(KnownPacks(leftovers.packs()));
    manifest_.packs = needed_packs(used, known);
    fill_stats(counters, written);
    manifest_.tags = options_.tags;
    manifest_.tool_version = version();
  }

  void fill_stats(const StoreCounters& counters, const KnownPacks& written) {
    SnapshotStats& stats = manifest_.stats;
    stats.bytes_read = counters.bytes_read;
    stats.bytes_new = counters.bytes_new;
    stats.chunks = counters.chunks;
    stats.chunks_new = counters.chunks_new;
    stats.frames = counters.frames;
    stats.frames_delta = counters.frames_delta;
    stats.packs_written = written.size();
    for (const auto& entry : written) stats.bytes_stored += entry.second.size;
  }

  static void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  const std::shared_ptr<SinkCounter> counter_ = std::make_shared<SinkCounter>();
  const RepositoryState state_;  // the caller's, counted
  const SnapshotOptions& options_;
  const Context& context_;
  ProgressMeter meter_;
  Manifest manifest_;
};

}  // namespace

Manifest run_snapshot(const RepositoryState& state, const SourceInfo& source, const BeginSession& begin,
                      const SnapshotOptions& options, const Context& context) {
  check_compression_level(options.compression_level);
  LostSource origin(begin, options.source_patience, context);
  const BeginSession begin_or_wait = [&](const SnapshotRequest& request, const Context& inner) {
    return origin.begin(request, inner);
  };
  for (unsigned reads = 0; reads < kReads; ++reads) {
    try {
      if (auto manifest = SnapshotRun(state, source, options, context).run(begin_or_wait)) return *std::move(manifest);
    } catch (const Error& failure) {
      if (reads + 1 == kReads || !origin.outlives(failure)) throw;
    }
  }
  throw Error(ErrorCode::locked, "prunes took the snapshot for dead, time and again, before it could finish")
      .hint("dbsnap prune with a longer --patience")
      .retryable();
}

}  // namespace dbsnap
