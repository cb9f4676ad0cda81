#include "repo/snapshot_reader.hpp"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "repo/frame_run.hpp"
#include "repo/table_reader.hpp"

namespace dbsnap {
namespace {

// Decoded frames kept: in a snapshot that stands on deltas the same bases are wanted again soon.
constexpr std::size_t kFrameCache = 28U << 20;
// Plain bytes per task.
constexpr std::uint64_t kBatchSize = 1U << 20;
// Where each call of the sink costs time a task may take more, as one call reads frames that lie side by side: this
// many plain bytes, and all tasks together about so many.
constexpr std::uint64_t kFarBatchSize = 2U << 20;
constexpr std::uint64_t kFarMemory = 32U << 20;

/// Consecutive chunks of an entry, read by one task.
struct Batch {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::vector<ChunkRef> rows;
  TaskHandle task;

  /// Checked bytes in order, and what keeps them alive.
  std::vector<ByteView> pieces;
  std::vector<FramePtr> frames;
};

std::vector<FrameRef> frames_of(const Batch& batch) {
  std::vector<FrameRef> frames;
  for (const ChunkRef& row : batch.rows) {
    if (frames.empty() || frames.back() != row.at.frame) frames.push_back(row.at.frame);
  }
  return frames;
}

// Chunks that lie side by side in one frame become one piece: fewer, larger writes.
void read_batch(Batch& batch, FrameStore& frames, bool cheap_reads, const Context& context) {
  context.check();
  LoadedFrames loaded;
  if (!cheap_reads) loaded = frames.load_together(frames_of(batch), context);
  for (const ChunkRef& row : batch.rows) {
    FramePtr keep;
    const ByteView bytes = frames.chunk(row, keep, context, loaded);
    if (!batch.pieces.empty() && batch.pieces.back().data() + batch.pieces.back().size() == bytes.data()) {
      batch.pieces.back() = ByteView(batch.pieces.back().data(), batch.pieces.back().size() + bytes.size());
      continue;
    }
    batch.pieces.push_back(bytes);
    batch.frames.push_back(std::move(keep));
  }
}

void write_batch(Batch& batch, EntryWriter& out, ProgressMeter* meter) {
  std::uint64_t offset = batch.offset;
  for (const ByteView piece : batch.pieces) {
    out.write(offset, piece);
    offset += piece.size();
  }
  batch.pieces.clear();
  batch.frames.clear();
  if (meter == nullptr) return;
  meter->add_done(batch.size);
  meter->report();
}

/// Tasks of one copy, in order; waits for all of them whatever happens.
class BatchQueue {
 public:
  explicit BatchQueue(TaskPool& pool) : pool_(pool) {}
  ~BatchQueue() {
    for (const auto& batch : running_) {
      try {
        pool_.wait(batch->task);
      } catch (...) {
        // The failure that is being thrown already is the one to report.
      }
    }
  }
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  void push(std::unique_ptr<Batch> batch, std::function<void()> work) {
    batch->task = pool_.submit(std::move(work));
    running_.push_back(std::move(batch));
  }
  [[nodiscard]] std::size_t size() const noexcept { return running_.size(); }
  std::unique_ptr<Batch> pop() {
    pool_.wait(running_.front()->task);
    auto batch = std::move(running_.front());
    running_.pop_front();
    return batch;
  }

 private:
  TaskPool& pool_;
  std::deque<std::unique_ptr<Batch>> running_;
};

// Threads that wait for a store across a network keep no core busy.
unsigned readers(const Sink& sink, unsigned threads) {
  const unsigned cores = thread_count(threads);
  return threads == 0 ? std::max(cores, sink.capabilities().parallel) : cores;
}

std::uint64_t batch_size(const Sink& sink, unsigned threads) {
  if (sink.capabilities().cheap_reads) return kBatchSize;
  return std::clamp(kFarMemory / readers(sink, threads), kBatchSize, kFarBatchSize);
}

class RepositoryReader final : public SnapshotReader {
 public:
  RepositoryReader(std::shared_ptr<RepositoryState> state, Manifest manifest, unsigned threads, ProgressMeter* meter)
      : state_(std::move(state)),
        manifest_(std::move(manifest)),
        meter_(meter),
        cheap_reads_(state_->sink->capabilities().cheap_reads),
        batch_size_(batch_size(*state_->sink, threads)),
        frames_(*state_, codecs_, kFrameCache),
        pool_(readers(*state_->sink, threads) - 1) {}

  const Manifest& manifest() const override { return manifest_; }

  void copy_entry(std::string_view name, EntryWriter& out, const Context& context) override {
    const auto entry = std::ranges::find(manifest_.entries, name, &ManifestEntry::name);
    if (entry == manifest_.entries.end()) {
      throw Error(ErrorCode::not_found, "snapshot " + manifest_.id + " has no entry " + std::string(name));
    }
    if (meter_ != nullptr) meter_->item(name);
    try {
      copy(*entry, out, context);
    } catch (const Error& failure) {
      throw in_snapshot(failure, manifest_.id);
    }
    if (meter_ != nullptr) meter_->add_items(1);
  }

 private:
  void copy(const ManifestEntry& entry, EntryWriter& out, const Context& context) {
    // A failing task stops the others through a context of their own.
    std::stop_source stop;
    const std::stop_callback on_outer_stop(context.stop, [&] { stop.request_stop(); });
    Context inner = context;
    inner.stop = stop.get_token();
    BatchQueue queue(pool_);
    const bool parallel = out.parallel();
    const auto settle = [&](std::size_t left) {
      while (queue.size() > left) {
        const auto batch = queue.pop();
        if (!parallel) write_batch(*batch, out, meter_);
      }
    };
    const auto start = [&](std::unique_ptr<Batch> batch) {
      if (batch->rows.empty()) return;
      Batch* const work = batch.get();
      queue.push(std::move(batch), [this, work, parallel, &out, &inner] {
        read_batch(*work, frames_, cheap_reads_, inner);
        if (parallel) write_batch(*work, out, meter_);
      });
      settle(pool_.workers() + 1);
    };
    try {
      auto batch = std::make_unique<Batch>();
      TableReader table(frames_, entry);
      for_each_chunk(table, entry, inner, [&](const ChunkRef& row, std::uint64_t offset) {
        if (batch_ends(*batch, row)) {
          start(std::exchange(batch, std::make_unique<Batch>()));
        }
        if (batch->rows.empty()) batch->offset = offset;
        batch->rows.push_back(row);
        batch->size += row.length;
      });
      start(std::move(batch));
      settle(0);
    } catch (...) {
      stop.request_stop();
      throw;
    }
  }

  // Only between frames, so that two tasks that follow each other do not want the same one at once.
  [[nodiscard]] bool batch_ends(const Batch& batch, const ChunkRef& next) const {
    if (batch.size < kBatchSize || batch.rows.back().at.frame == next.at.frame) return false;
    return batch.size >= batch_size_ || !side_by_side(batch.rows.back().at.frame, next.at.frame);
  }

  const std::shared_ptr<RepositoryState> state_;
  const Manifest manifest_;
  ProgressMeter* const meter_;
  const bool cheap_reads_;
  const std::uint64_t batch_size_;  // plain bytes
  CodecPool codecs_;
  FrameStore frames_;
  TaskPool pool_;
};

}  // namespace

std::unique_ptr<SnapshotReader> make_snapshot_reader(std::shared_ptr<RepositoryState> state, Manifest manifest,
                                                     unsigned threads, ProgressMeter* meter) {
  return std::make_unique<RepositoryReader>(std::move(state), std::move(manifest), threads, meter);
}

Error in_snapshot(const Error& failure, const std::string& id) {
  if (failure.code() != ErrorCode::damaged) return failure;
  const std::string why = failure.why().empty() ? failure.message() : failure.message() + ": " + failure.why();
  Error named =
      Error(ErrorCode::damaged, "snapshot " + id + " is damaged").why(why).hint("dbsnap verify").with("snapshot", id);
  for (const auto& [key, value] : failure.context()) named = Error(std::move(named).with(key, value));
  return named;
}

}  // namespace dbsnap
