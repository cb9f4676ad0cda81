// Store services: what all streams of one running snapshot share.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/task_pool.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/repository.hpp"
#include "repo/frame_store.hpp"
#include "repo/leftovers.hpp"
#include "repo/pack_writer.hpp"
#include "repo/progress_meter.hpp"

namespace dbsnap {

/// Counters of SnapshotStats, added to from many threads.
struct StoreCounters {
  std::atomic<std::uint64_t> bytes_expected{0};  // by the engine's hints; for progress only
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_new{0};
  std::atomic<std::uint64_t> chunks{0};
  std::atomic<std::uint64_t> chunks_new{0};
  std::atomic<std::uint64_t> frames{0};
  std::atomic<std::uint64_t> frames_delta{0};
};

/// What the streams learned and the manifest needs. Safe from many threads.
class StoreFindings {
 public:
  void warn(const std::string& text) {
    const std::scoped_lock lock(mutex_);
    warnings_.insert(text);
  }
  [[nodiscard]] std::vector<std::string> warnings() const {
    const std::scoped_lock lock(mutex_);
    return {warnings_.begin(), warnings_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> warnings_;
};

/// Borrowed by every stream; outlives them all.
struct StoreServices {
  const RepositoryState& state;
  const Context& context;
  TaskPool& pool;
  CodecPool& codecs;
  FrameStore& parent_frames;
  PackWriter& packs;
  ProgressMeter& meter;
  StoreCounters& counters;
  StoreFindings& findings;
  int compression_level = 3;
  BaseData base_data = BaseData::automatic;
  bool cheap_reads = true;  ///< of the store
  /// Where the bytes of the parent's chunks come from when not out of a store that is far away; may be empty, and may
  /// give nothing.
  std::function<std::optional<Bytes>(const ChunkRef& chunk, const Context& context)> base_elsewhere = {};
  /// Packs of the parent that nothing new may use.
  std::set<PackId> unusable = {};
  /// Chunks beside the parent's that are stored already.
  const Leftovers* leftovers = nullptr;
};

}  // namespace dbsnap
