#include "repo/frame_run.hpp"

#include <algorithm>

namespace dbsnap {

bool side_by_side(const FrameRef& frame, const FrameRef& next) {
  return frame.pack == next.pack && std::uint64_t{frame.offset} + frame.length == next.offset;
}

std::vector<FrameRun> runs_of(std::vector<FrameRef> frames) {
  std::ranges::sort(frames);
  std::vector<FrameRun> runs;
  for (const FrameRef& frame : frames) {
    if (!runs.empty() && side_by_side(runs.back().span, frame)) {
      runs.back().span.length += frame.length;
    } else {
      runs.push_back({.span = frame});
    }
    runs.back().frames.push_back(frame);
  }
  return runs;
}

}  // namespace dbsnap
