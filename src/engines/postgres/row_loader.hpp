// Rows of a snapshot into the tables that its definitions have made, on several connections, each table's count
// checked.
#pragma once

#include <set>
#include <string>

#include "engines/postgres/restore_run.hpp"
#include "engines/postgres/row_counts.hpp"

namespace dbsnap::postgres {

/// Restores the rows of every table that the options want, the biggest first. Throws Error{damaged} when the snapshot
/// lacks a part of a table or a table takes another number of rows than were read. Returns tables (as SQL writes them)
/// whose rows were left out.
std::set<std::string> load_rows(RestoreRun& run, const RowCounts& counts);

/// Restores the content of large objects that exist already.
void load_large_objects(RestoreRun& run);

}  // namespace dbsnap::postgres
