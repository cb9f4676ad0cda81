// Unforget: commits the content of a forgotten snapshot again, as long as its data is there.
#pragma once

#include <vector>

#include "dbsnap/repository.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Forgotten snapshots whose manifest is there still, newest first.
std::vector<SnapshotSummary> list_forgotten(const RepositoryState& state, const Context& context);
/// The new snapshot. Throws Error{not_found}, or Error{locked} when a prune has condemned or removed its data.
Manifest unforget_snapshot(const RepositoryState& state, const std::string& id, const Context& context);

}  // namespace dbsnap
