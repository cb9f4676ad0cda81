// Snapshot reader: an entry's bytes out of its frames, decoded side by side.
#pragma once

#include <memory>

#include "base/task_pool.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/snapshotter.hpp"
#include "repo/frame_store.hpp"
#include "repo/progress_meter.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Keeps `state` alive. `threads` as in SnapshotOptions; `meter`, borrowed, may be null.
std::unique_ptr<SnapshotReader> make_snapshot_reader(std::shared_ptr<RepositoryState> state, Manifest manifest,
                                                     unsigned threads, ProgressMeter* meter);

/// `failure` with the snapshot named in it, when it is about damage; else unchanged.
Error in_snapshot(const Error& failure, const std::string& id);

}  // namespace dbsnap
