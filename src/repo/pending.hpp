// Pending: the notes about copies that are still to be made.
#pragma once

#include <vector>

#include "dbsnap/pending.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Notes that the repository at `to` lacks the snapshot. May be noted again. Throws Error{not_found} for a snapshot
/// that does not exist.
void note_pending(const RepositoryState& state, const std::string& id, const std::string& to, const Context& context);
/// All notes about snapshots that exist, oldest snapshot id first. One that cannot be read is logged and passed over.
std::vector<PendingCopy> load_pending(const RepositoryState& state, const Context& context);
/// Removes a note; one that is not there is success.
void settle_pending(const RepositoryState& state, const PendingCopy& copy, const Context& context);

}  // namespace dbsnap
