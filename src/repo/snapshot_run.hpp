// Snapshot run: one snapshot from the session record to the manifest.
#pragma once

#include "dbsnap/repository.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Begins the session that is to be stored; `parent` may be null.
using BeginSession = std::function<std::unique_ptr<Session>(const SnapshotRequest&, const Context&)>;

/// Stores what `begin` gives as a snapshot of `source`. `begin` may be called again when a prune took the session for
/// dead and its packs are gone, and when the source was lost while it was being read. On failure no snapshot exists;
/// what it stored stays for the next one, or for a prune.
Manifest run_snapshot(const RepositoryState& state, const SourceInfo& source, const BeginSession& begin,
                      const SnapshotOptions& options, const Context& context);

}  // namespace dbsnap
