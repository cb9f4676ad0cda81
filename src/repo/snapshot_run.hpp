// Snapshot run: one snapshot from the session record to the manifest.
#pragma once

#include "dbsnap/repository.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Begins the session that is to be stored; `parent` may be null.
using BeginSession = std::function<std::unique_ptr<Session>(const SnapshotRequest&, const Context&)>;

/// Stores what `begin` gives as a snapshot of `source`. On failure no manifest exists, and the
/// session record is removed so that a prune can reclaim the packs.
Manifest run_snapshot(const RepositoryState& state, const SourceInfo& source, const BeginSession& begin,
                      const SnapshotOptions& options, const Context& context);

}  // namespace dbsnap
