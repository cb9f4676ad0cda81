// Frame job: one frame on its way from new chunks to a place in a pack.
#pragma once

#include <cstdint>
#include <vector>

#include "format/frame.hpp"
#include "repo/store_services.hpp"

namespace dbsnap {

/// Longest chain of deltas a chunk may stand on; docs/design/0002-deltas.md has the measurements.
inline constexpr std::uint8_t kChainBound = 4;

/// Filled by one thread, encoded by another, read by the first again once the task is done.
struct FrameJob {
  Bytes plain;
  Prelude prelude;               ///< `bases` is filled by encode_job()
  std::vector<ChunkId> ids;      ///< of the chunks in `plain`
  std::vector<ChunkRef> bases;   ///< chunks of the parent that the plain bytes replace
  std::uint64_t base_bytes = 0;  ///< of all of them
  bool tried_base = false;       ///< whether there were bases when it was submitted
  TaskHandle task;

  FrameRef place;          ///< result
  std::uint8_t depth = 0;  ///< result
};

/// Throws Error{invalid_argument} unless `level` is one that zstd is used with, 1 to 19.
void check_compression_level(int level);

/// Compresses the job's bytes, against its bases where that pays, checks that they decode, and
/// appends the frame to a pack. Bases that cannot be read are done without, with a warning.
void encode_job(FrameJob& job, const StoreServices& services);

}  // namespace dbsnap
