// Verify run: whether what the repository holds is what was written, at three depths.
#pragma once

#include <memory>

#include "dbsnap/repository.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Checks the snapshots that `options` names. What it finds damaged is marked in the repository, so
/// that no later snapshot is based on it; marks of what is whole again are removed.
VerifyReport run_verify(const std::shared_ptr<RepositoryState>& state, const VerifyOptions& options,
                        const Context& context);

}  // namespace dbsnap
