// Verify run: whether what the repository holds is what was written, at six depths.
#pragma once

#include <memory>

#include "dbsnap/repository.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Checks the snapshots that `options` names. What it finds damaged is marked in the repository, so
/// that no later snapshot is based on it; marks of what is whole again are removed by a run that read
/// every pack of the snapshot. Which packs were read goes to the ledger, however the run ends.
VerifyReport run_verify(const std::shared_ptr<RepositoryState>& state, const VerifyOptions& options,
                        const Context& context);

}  // namespace dbsnap
