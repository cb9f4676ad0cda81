// Prune: which snapshots a policy lets go, which packs go with them, and the removal itself.
#pragma once

#include "dbsnap/repository.hpp"
#include "repo/state.hpp"

namespace dbsnap {

PrunePlan make_prune_plan(const RepositoryState& state, const RetentionPolicy& policy, const SnapshotFilter& filter,
                          const Context& context);
PruneReport apply_prune_plan(const RepositoryState& state, const PrunePlan& plan, const ApplyOptions& options,
                             const Context& context);

}  // namespace dbsnap
