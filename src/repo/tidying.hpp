// Tidying: removes what is left of snapshots and sessions that are over.
#pragma once

#include "dbsnap/context.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Removes, behind each tombstone: the manifest (never a fence), signs of life, marks and pins, and at last the record
/// of the session, so that what breaks off is gone on with the next time. Also signs of life of sessions that
/// committed. May run beside everything; packs are not its business.
void tidy_snapshots(const RepositoryState& state, const Context& context);

}  // namespace dbsnap
