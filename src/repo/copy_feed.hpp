// Copy feed: takes an entry's chunks out of the source repository, several at once, and hands them on in order.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/task_pool.hpp"
#include "repo/frame_store.hpp"
#include "repo/stream_writer.hpp"

namespace dbsnap {

/// Finds the target's row of a chunk (`row` in the source repository) that need not be read.
using FindStored = std::function<std::optional<ChunkRef>(const ChunkRef& row, std::uint64_t offset)>;

/// Reads for one entry after the other.
class CopyFeed {
 public:
  /// References are borrowed. `from` reads the source repository, in tasks of `readers`; `services` are the target's.
  /// `alone` reads the source repository without help from elsewhere: what `from` finds damaged is damaged when
  /// `alone` says so too.
  CopyFeed(const RepositoryState& from_state, FrameStore& from, FrameStore& alone, TaskPool& readers,
           const StoreServices& services);
  ~CopyFeed();
  CopyFeed(const CopyFeed&) = delete;
  CopyFeed& operator=(const CopyFeed&) = delete;

  /// Walks the chunk table of `entry`, checks it against the manifest, and hands every chunk to `out`: as a row where
  /// `find` knows one, else its bytes, which were checked against their id. Throws Error{damaged} about the source.
  void run(const ManifestEntry& entry, const FindStored& find, StreamWriter& out);

 private:
  struct Item {
    ChunkRef row;                    // in the source repository
    std::optional<ChunkRef> stored;  // in the target
  };
  /// Consecutive chunks; those that are not stored are read by one task.
  struct Batch {
    std::vector<Item> items;
    std::uint64_t unread = 0;  // bytes to read
    Bytes bytes;
    std::vector<ChunkId> ids;  // in the target, of what was read
    TaskHandle task;
  };

  void start(std::unique_ptr<Batch> batch, StreamWriter& out);
  void read(Batch& batch);
  ByteView bytes_of(const ChunkRef& row, FramePtr& keep);
  void deliver_oldest(StreamWriter& out);

  FrameStore& from_;
  FrameStore& alone_;
  TaskPool& readers_;
  const StoreServices& services_;
  const bool same_ids_;
  std::deque<std::unique_ptr<Batch>> running_;
};

/// True when the two repositories name chunks alike, which without encryption all do.
bool name_chunks_alike(const RepositoryState& one, const RepositoryState& other);

}  // namespace dbsnap
