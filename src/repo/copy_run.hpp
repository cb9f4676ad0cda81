// Copy run: copies snapshots one after the other, and says what became of each.
#pragma once

#include "dbsnap/copy.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// See Repository::copy_from().
CopyReport run_copy(const RepositoryState& from, const RepositoryState& to, const CopyOptions& options,
                    const Context& context);

}  // namespace dbsnap
