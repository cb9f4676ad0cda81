// Frame check: decodes frames and compares chunks with their ids, each one once.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/task_pool.hpp"
#include "repo/frame_store.hpp"

namespace dbsnap {

/// Checks chunks in the background and remembers the outcome, so that snapshots which share chunks
/// share the work. Costs 8 bytes of memory a chunk. add() and settle() by one thread.
class FrameCheck {
 public:
  FrameCheck(const RepositoryState& state, unsigned threads, const Context& context,
             std::function<void(std::uint64_t bytes)> on_checked);
  ~FrameCheck();
  FrameCheck(const FrameCheck&) = delete;
  FrameCheck& operator=(const FrameCheck&) = delete;

  /// Checks the chunk sooner or later, unless that was done.
  void add(const ChunkRef& row);
  /// Returns when all that was added has been checked.
  void settle();
  /// What is wrong with the chunk's frame, or nothing; right after settle().
  [[nodiscard]] std::optional<std::string> fault_of(const FrameRef& frame) const;

  [[nodiscard]] FrameStore& frames() noexcept { return frames_; }
  [[nodiscard]] std::uint64_t frames_checked() const;
  [[nodiscard]] std::uint64_t bytes_checked() const;

 private:
  struct Outcome {
    std::vector<std::uint64_t> checked;  // by slot: first bytes of the id it was checked against
    std::optional<std::string> fault;
  };

  void start();
  void check(const std::vector<ChunkRef>& rows);

  const Context& context_;
  const std::function<void(std::uint64_t)> on_checked_;
  CodecPool codecs_;
  FrameStore frames_;
  std::vector<ChunkRef> gathering_;  // rows of one frame, one after the other
  std::deque<TaskHandle> running_;
  mutable std::mutex mutex_;
  std::map<FrameRef, Outcome> outcomes_;
  std::uint64_t bytes_ = 0;
  TaskPool pool_;
};

}  // namespace dbsnap
