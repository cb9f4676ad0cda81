// Frame run: stored frames that lie side by side in a pack, so that one call of the sink reads them.
#pragma once

#include <vector>

#include "format/chunk_table.hpp"

namespace dbsnap {

struct FrameRun {
  FrameRef span;                      ///< from the first frame's first byte to the last one's last
  std::vector<FrameRef> frames = {};  ///< in the order of their offsets
};

/// Whether `next` begins where `frame` ends.
[[nodiscard]] bool side_by_side(const FrameRef& frame, const FrameRef& next);

/// The frames, none of which is given twice, in as few runs as they lie in.
[[nodiscard]] std::vector<FrameRun> runs_of(std::vector<FrameRef> frames);

}  // namespace dbsnap
