// Lost source: a server that went away while it was being read, and is waited for to be read once more.
#pragma once

#include <chrono>
#include <optional>

#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"
#include "repo/snapshot_run.hpp"

namespace dbsnap {

/// Begins the sessions of one snapshot. Used by one thread at a time.
class LostSource {
 public:
  /// Both are borrowed. `patience`: how long a source that was lost is waited for; 0 for not at all.
  LostSource(const BeginSession& begin, std::chrono::milliseconds patience, const Context& context)
      : begin_(begin), patience_(patience), context_(context) {}

  /// A session of the source. The first time a source that cannot be reached is an error at once; one that was lost is
  /// tried until the patience is over.
  std::unique_ptr<Session> begin(const SnapshotRequest& request, const Context& context);

  /// True when `failure` is the loss of a source that had begun to be read, and that is worth waiting for.
  bool outlives(const Error& failure);

 private:
  const BeginSession& begin_;
  const std::chrono::milliseconds patience_;
  const Context& context_;
  bool begun_ = false;
  std::optional<MonotonicTime> give_up_at_;
};

}  // namespace dbsnap
