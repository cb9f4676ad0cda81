// Indexes, constraints and all else that comes after the rows: what does not depend on each other at once, the rest in
// order.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engines/postgres/restore_run.hpp"

namespace dbsnap::postgres {

/// Runs the section after the rows, and `privileges` before the first statement that may need them: materialised views
/// are read with the rights of their owners. Foreign keys of or to tables in `without`, whose rows were left out, are
/// left out too.
void run_post_data(RestoreRun& run, const std::vector<std::string>& privileges, const std::set<std::string>& without);

/// Gathers the planner's statistics of all tables.
void analyze_tables(RestoreRun& run);

}  // namespace dbsnap::postgres
