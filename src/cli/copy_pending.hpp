// Copies that a backup into several repositories could not make, made up for.
#pragma once

#include <vector>

#include "cli/invocation.hpp"
#include "dbsnap/copy.hpp"

namespace dbsnap::cli {

/// Makes the copies that are noted as pending in `holders`, and settles the notes. Targets are those of `targets`, or
/// when that is empty the holders themselves; with a single holder and no target, the places that its notes name. Of
/// `options` only how to copy counts. Returns the exit code.
int run_pending_copies(Invocation& invocation, const std::vector<RepositoryPlace>& holders,
                       const std::vector<RepositoryPlace>& targets, const CopyOptions& options);

}  // namespace dbsnap::cli
