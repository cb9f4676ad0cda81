// Roles and tablespaces of a snapshot, made on the target's server where they are missing.
#pragma once

#include "dbsnap/snapshotter.hpp"
#include "engines/postgres/connection.hpp"

namespace dbsnap::postgres {

/// Creates what is missing and leaves what is there as it is. What the server refuses is logged: a restore that needs
/// it says so.
/// Without `create` the entry is only read: a snapshot that is damaged is not restored, whatever part it is.
void handle_globals(Connection& server, SnapshotReader& reader, bool create, const Context& context);

}  // namespace dbsnap::postgres
