#include "repo/snapshot_run.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "dbsnap/version.hpp"
#include "format/byte_io.hpp"
#include "format/manifest_codec.hpp"
#include "repo/catalog.hpp"
#include "repo/chunk_feed.hpp"
#include "repo/parent_choice.hpp"

namespace dbsnap {
namespace {

// Frames of the parent that are kept decoded: neighbouring chunks lie in the same ones.
constexpr std::size_t kParentCache = 24U << 20;

/// Stops every thread of a run at the first failure, and keeps that failure.
class FirstFailure {
 public:
  explicit FirstFailure(const Context& outer)
      : inner_(outer), on_outer_stop_(outer.stop, [this] { stop_.request_stop(); }) {
    inner_.stop = stop_.get_token();
  }

  /// The caller's context, stopped also when one of the threads fails.
  [[nodiscard]] const Context& context() const noexcept { return inner_; }

  void guard(const std::function<void()>& work) {
    try {
      work();
    } catch (...) {
      {
        const std::scoped_lock lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
      }
      stop_.request_stop();
    }
  }
  void rethrow() {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  Context inner_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> on_outer_stop_;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

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
  void end_entry(std::uint32_t position, ManifestEntry entry) {
    const std::scoped_lock lock(mutex_);
    entries_[position] = std::move(entry);
  }
  [[nodiscard]] const ManifestEntry* parent_of(const Entry& entry) const {
    if (parent_ == nullptr) return nullptr;
    const auto found = std::ranges::find(parent_->entries, entry.name, &ManifestEntry::name);
    return found != parent_->entries.end() && found->kind == entry.kind ? &*found : nullptr;
  }
  std::vector<ManifestEntry> take() { return std::move(entries_); }

 private:
  const Manifest* parent_;
  std::mutex next_mutex_;
  std::mutex mutex_;  // guards what follows
  std::set<std::string> names_;
  std::vector<ManifestEntry> entries_;
};

void store_entry(EntryList::Begun begun, EntryList& entries, const StoreServices& services, ChunkFeed& feed) {
  auto& [entry, position] = begun;
  services.meter.item(entry.name);
  if (entry.size_hint) services.meter.set_total(services.counters.bytes_expected += *entry.size_hint);
  const StreamPlace place{.entry = position, .kind = entry.kind, .level = 0};
  StreamWriter writer(services, place, entries.parent_of(entry));
  feed.run(*entry.reader, entry.kind, writer);
  StreamWriter::Result stored = writer.finish();
  entries.end_entry(position, {.name = entry.name,
                               .kind = entry.kind,
                               .size = stored.size,
                               .chunks = stored.chunks,
                               .digest = stored.digest,
                               .facts = entry.facts,
                               .table_level = stored.table_level,
                               .table_root = stored.table_root});
  services.meter.add_items(1);
}

void store_entries(Session& session, unsigned threads, EntryList& entries, const StoreServices& services,
                   std::uint64_t read_limit, FirstFailure& failure) {
  const ContentCutter cutter(CutParameters::around(services.state.config.chunk_size), services.state.keys.cut_key());
  RateLimit limit(read_limit, services.context);
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

std::string identity_of(const SourceInfo& source, const std::string& source_name) {
  if (!source_name.empty()) return source.engine + "\nname\n" + source_name;
  return source.engine + "\nurl\n" + source.host + "\n" + source.url;
}

// All packs that reading the snapshot may touch: those its rows name and, step by step, those that
// their delta frames are based on.
std::vector<PackInfo> needed_packs(const std::set<PackId>& used, const std::map<PackId, WrittenPack>& written,
                                   const std::optional<Manifest>& parent) {
  std::map<PackId, std::pair<PackInfo, std::set<PackId>>> known;
  for (const auto& [id, pack] : written) known[id] = {PackInfo{pack.key, pack.size, pack.sha256, {}}, pack.bases};
  if (parent) {
    for (const PackInfo& pack : parent->packs) {
      std::set<PackId> bases;
      for (const std::uint32_t base : pack.bases) bases.insert(parse_pack_key(parent->packs.at(base).key).value());
      known[parse_pack_key(pack.key).value()] = {pack, bases};
    }
  }
  std::set<PackId> needed;
  std::vector<PackId> open(used.begin(), used.end());
  for (const auto& entry : written) open.push_back(entry.first);
  while (!open.empty()) {
    const PackId id = open.back();
    open.pop_back();
    if (!needed.insert(id).second) continue;
    const auto found = known.find(id);
    if (found == known.end()) {
      throw Error(ErrorCode::internal,
                  "pack " + pack_key(id) + " is used but neither written now nor known to the parent");
    }
    const auto& bases = found->second.second;
    open.insert(open.end(), bases.begin(), bases.end());
  }
  std::vector<PackInfo> packs;
  std::map<PackId, std::uint32_t> position;
  for (const PackId& id : needed) position.emplace(id, static_cast<std::uint32_t>(position.size()));
  for (const PackId& id : needed) {
    auto& [info, bases] = known.at(id);
    info.bases.clear();
    for (const PackId& base : bases) info.bases.push_back(position.at(base));
    packs.push_back(info);
  }
  return packs;
}

/// One run, from begin to end.
class SnapshotRun {
 public:
  SnapshotRun(const RepositoryState& state, const SourceInfo& source, const SnapshotOptions& options,
              const Context& context)
      : state_(state), options_(options), context_(context), meter_(context, Phase::connect) {
    name_.session = new_session_id();
    manifest_.id = to_text(name_.session);
    manifest_.source = source;
    manifest_.source.host = options.host;
    if (!options.source_name.empty()) manifest_.source.name = options.source_name;
    manifest_.source_key = state.keys.source_key(identity_of(manifest_.source, options.source_name));
    manifest_.started = context.clock->now();
    name_.source_key = manifest_.source_key;
    name_.started = std::chrono::floor<std::chrono::milliseconds>(manifest_.started);
  }

  Manifest run(const BeginSession& begin) {
    put_session(state_, {name_.session, name_, manifest_.source.host, manifest_.source.name}, context_);
    try {
      store(begin);
      commit();
    } catch (...) {
      abandon();
      throw;
    }
    // The manifest exists: from here on nothing may make the snapshot look as if it failed.
    remove_session();
    return std::move(manifest_);
  }

 private:
  void store(const BeginSession& begin) {
    ParentChoice parent;
    if (options_.use_parent) parent = choose_parent(state_, manifest_.source_key, context_);
    const Manifest* const base = parent.manifest ? &*parent.manifest : nullptr;
    if (base != nullptr) manifest_.parent = base->id;
    manifest_.warnings = parent.warnings;

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
    FrameStore parent_frames(state_, codecs, kParentCache);
    PackWriter packs(state_, name_.session, meter_, failure.context());
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
                                 .deltas = state_.sink->capabilities().cheap_reads};
    store_entries(*session, threads, entries, services, options_.read_limit, failure);
    SessionResult result = session->finish(failure.context());
    manifest_.finished = context_.clock->now();
    meter_.finish_phase();
    meter_.phase(Phase::commit);
    const auto written = packs.finish();

    manifest_.consistency_point = std::move(result.consistency_point);
    manifest_.engine_facts = std::move(result.facts);
    append(manifest_.warnings, result.warnings);
    append(manifest_.warnings, findings.warnings());
    manifest_.entries = entries.take();
    manifest_.packs = needed_packs(findings.packs(), written, parent.manifest);
    fill_stats(counters, written);
  }

  void fill_stats(const StoreCounters& counters, const std::map<PackId, WrittenPack>& written) {
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

  void commit() {
    context_.check();
    manifest_.tags = options_.tags;
    manifest_.tool_version = version();
    const std::string key = manifest_key(name_);
    const Bytes object = seal_object(state_.keys, ObjectType::manifest, key, encode_manifest(manifest_));
    committing_ = true;
    const PutResult result = state_.sink->put(key, object, {.if_absent = true}, context_);
    // A sink that tries again after a lost answer meets its own object.
    if (result != PutResult::stored && state_.sink->get(key, {}, context_) != object) {
      committing_ = false;
      throw Error(ErrorCode::locked, "the snapshot was fenced off by a prune that took it for dead")
          .hint("dbsnap backup")
          .retryable();
    }
    meter_.finish_phase();
  }

  // A failed snapshot leaves packs that nothing names; without its record they are free to prune. A
  // manifest that may have arrived although its put failed is taken back.
  void abandon() noexcept {
    try {
      Context unstoppable = context_;
      unstoppable.stop = {};
      unstoppable.deadline.reset();
      if (committing_) remove_manifest(state_, name_, unstoppable);
      state_.sink->remove(session_key(name_.session), unstoppable);
    } catch (const std::exception& failure) {
      log_quietly("the record of the failed session " + manifest_.id + " stays: " + failure.what());
    }
  }

  void remove_session() noexcept {
    try {
      state_.sink->remove(session_key(name_.session), context_);
    } catch (const std::exception& failure) {
      log_quietly("the record of the finished session " + manifest_.id + " stays: " + failure.what());
    }
  }

  void log_quietly(const std::string& text) const noexcept {
    try {
      if (context_.log) context_.log(LogLevel::warning, text);
    } catch (...) {
      // A log callback that throws cannot stop what is over already.
    }
  }

  static void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  const RepositoryState& state_;
  const SnapshotOptions& options_;
  const Context& context_;
  ProgressMeter meter_;
  ManifestName name_;
  Manifest manifest_;
  bool committing_ = false;  ///< the manifest may be there
};

}  // namespace

Manifest run_snapshot(const RepositoryState& state, const SourceInfo& source, const BeginSession& begin,
                      const SnapshotOptions& options, const Context& context) {
  if (options.compression_level < 1 || options.compression_level > 19) {
    throw Error(ErrorCode::invalid_argument, "the compression level must be from 1 to 19");
  }
  return SnapshotRun(state, source, options, context).run(begin);
}

}  // namespace dbsnap
