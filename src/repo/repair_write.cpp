#include "repo/repair_write.hpp"

#include <utility>

#include "dbsnap/error.hpp"
#include "dbsnap/version.hpp"
#include "repo/moved_rows.hpp"
#include "repo/session_commit.hpp"
#include "repo/stream_writer.hpp"

namespace dbsnap {
namespace {

constexpr int kCompressionLevel = 3;

class RebuiltSnapshot {
 public:
  RebuiltSnapshot(const RepositoryState& state, const Manifest& damaged, unsigned threads, const Context& context)
      : state_(state), damaged_(damaged), context_(context), manifest_(damaged), threads_(threads) {
    manifest_.parent = damaged.id;
    manifest_.warnings.push_back(rebuilt_from(damaged.id));
    manifest_.tool_version = version();
  }

  std::string run(const std::vector<std::vector<ChunkSource>>& entries, const KnownPacks& known, FrameStore& frames) {
    // In the order of names it comes right behind the one that it replaces.
    Manifest named = damaged_;
    named.started += std::chrono::milliseconds(1);
    WriterSession session(state_, named, context_);
    try {
      store(session, entries, known, frames);
      context_.check();
      if (!session.can_reference(manifest_.packs, context_)) throw in_the_way("is removing packs that it needs");
      if (!session.commit(manifest_, context_)) throw in_the_way("took the repair for dead");
    } catch (...) {
      give_up_quietly(session, context_);
      throw;
    }
    return manifest_.id;
  }

 private:
  void store(const WriterSession& session, const std::vector<std::vector<ChunkSource>>& entries,
             const KnownPacks& known, FrameStore& frames) {
    ProgressMeter meter(context_, Phase::commit);
    StoreCounters counters;
    StoreFindings findings;
    CodecPool codecs;
    PackWriter packs(state_, session.id(), meter, context_);
    TaskPool pool(thread_count(threads_) - 1);
    const StoreServices services{.state = state_,
                                 .context = context_,
                                 .pool = pool,
                                 .codecs = codecs,
                                 .parent_frames = frames,
                                 .packs = packs,
                                 .meter = meter,
                                 .counters = counters,
                                 .findings = findings,
                                 .compression_level = kCompressionLevel,
                                 .base_data = BaseData::never};
    std::vector<StoredEntry> stored;
    for (std::uint32_t i = 0; i < entries.size(); ++i) stored.push_back(store_entry(i, entries[i], services));
    const KnownPacks written = settle_packs(stored, services);
    std::set<PackId> used;
    for (const auto& [id, pack] : written) used.insert(id);
    for (std::size_t i = 0; i < stored.size(); ++i) {
      used.merge(stored[i].packs);
      manifest_.entries[i] = std::move(stored[i].entry);
    }
    KnownPacks all = written;
    all.merge(KnownPacks(known));
    manifest_.packs = needed_packs(used, all);
    fill_stats(counters, written);
  }

  StoredEntry store_entry(std::uint32_t position, const std::vector<ChunkSource>& chunks,
                          const StoreServices& services) {
    ManifestEntry entry = manifest_.entries[position];
    StreamWriter writer(services, {.entry = position, .kind = entry.kind, .level = 0}, nullptr);
    for (const ChunkSource& chunk : chunks) {
      if (!chunk.rescue) {
        writer.add_stored(chunk.row);
        continue;
      }
      FramePtr keep;
      writer.add(chunk.row.id, services.parent_frames.chunk(chunk.row, keep, context_));
    }
    StreamWriter::Result stored = writer.finish();
    if (stored.digest != entry.digest || stored.size != entry.size || stored.chunks != entry.chunks) {
      throw Error(ErrorCode::damaged, "entry " + entry.name + " of snapshot " + damaged_.id + " cannot be rebuilt")
          .why("what was put together is not what the manifest says")
          .with("snapshot", damaged_.id);
    }
    entry.table_level = stored.table_level;
    entry.table_root = std::move(stored.table_root);
    return {.entry = std::move(entry), .packs = std::move(stored.packs)};
  }

  void fill_stats(const StoreCounters& counters, const KnownPacks& written) {
    manifest_.stats = {.bytes_read = 0,
                       .bytes_new = counters.bytes_new,
                       .chunks = 0,
                       .chunks_new = counters.chunks_new,
                       .frames = counters.frames,
                       .frames_delta = counters.frames_delta,
                       .packs_written = written.size()};
    for (const ManifestEntry& entry : manifest_.entries) manifest_.stats.chunks += entry.chunks;
    for (const auto& [id, pack] : written) manifest_.stats.bytes_stored += pack.size;
  }

  [[nodiscard]] Error in_the_way(const std::string& what) const {
    return Error(ErrorCode::locked, "snapshot " + damaged_.id + " was not rebuilt: a prune " + what)
        .hint("dbsnap verify --repair " + damaged_.id)
        .retryable()
        .with("snapshot", damaged_.id);
  }

  const RepositoryState& state_;
  const Manifest& damaged_;
  const Context& context_;
  Manifest manifest_;
  const unsigned threads_;
};

}  // namespace

std::string rebuilt_from(const std::string& id) { return "rebuilt from " + id; }

std::string write_rebuilt(const RepositoryState& state, const Manifest& damaged,
                          const std::vector<std::vector<ChunkSource>>& entries, const KnownPacks& known,
                          FrameStore& frames, unsigned threads, const Context& context) {
  return RebuiltSnapshot(state, damaged, threads, context).run(entries, known, frames);
}

}  // namespace dbsnap
