// Chunk feed: reads an entry in slabs, cuts them into chunks and hashes these beside the reading.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/rate_limit.hpp"
#include "dbsnap/snapshotter.hpp"
#include "format/chunker.hpp"
#include "repo/stream_writer.hpp"

namespace dbsnap {

/// Buffers of one reading thread, used for one entry after the other.
class ChunkFeed {
 public:
  /// References are borrowed. `cutter` cuts streams.
  ChunkFeed(const StoreServices& services, const ContentCutter& cutter, RateLimit& limit);
  ~ChunkFeed();
  ChunkFeed(const ChunkFeed&) = delete;
  ChunkFeed& operator=(const ChunkFeed&) = delete;

  /// Reads all of `reader` and hands its chunks to `out`, in order.
  void run(EntryReader& reader, EntryKind kind, StreamWriter& out);

 private:
  struct Slab {
    Bytes buffer;
    std::size_t filled = 0;
    std::vector<ByteView> chunks;
    std::vector<ChunkId> ids;
    TaskHandle hashing;
  };

  std::unique_ptr<Slab> take_slab();
  bool fill(Slab& slab, EntryReader& reader);
  void cut(Slab& slab, EntryKind kind, bool at_end);
  void hash(Slab& slab);
  void deliver_oldest(StreamWriter& out);

  const StoreServices& services_;
  const ContentCutter& cutter_;
  RateLimit& limit_;
  Bytes carry_;  // start of a chunk whose end has not been read yet
  std::deque<std::unique_ptr<Slab>> hashing_;
  std::vector<std::unique_ptr<Slab>> idle_;
};

}  // namespace dbsnap
