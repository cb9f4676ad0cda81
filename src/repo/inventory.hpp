// Inventory: counts and comparisons that only read manifests, tables and listings.
#pragma once

#include "dbsnap/repository.hpp"
#include "repo/state.hpp"

namespace dbsnap {

RepositoryStats gather_stats(const RepositoryState& state, const Context& context);
DiffReport compare_snapshots(const RepositoryState& state, const Manifest& before, const Manifest& after,
                             const Context& context);

}  // namespace dbsnap
