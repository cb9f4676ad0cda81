// Repair run: finds the damaged snapshots, and rebuilds those whose data is still there.
#pragma once

#include "dbsnap/context.hpp"
#include "dbsnap/repair.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Removes and changes nothing that is stored: what can be rebuilt becomes a new snapshot.
RepairReport run_repair(const RepositoryState& state, const RepairOptions& options, const Context& context);

}  // namespace dbsnap
