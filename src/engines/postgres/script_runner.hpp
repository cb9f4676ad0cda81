// Runs the scripts of a snapshot on one connection, statement by statement, leaving out what options leave out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engines/postgres/restore_run.hpp"
#include "engines/postgres/sql_splitter.hpp"

namespace dbsnap::postgres {

/// True for a statement that the options leave out, or that the target's server does not know.
bool left_out(std::string_view sql, const PostgresOptions& options, int major);

/// Runs the entry `name` on main(). Rows between the statements are restored too. Where `later` is given, statements
/// that change privileges are put there instead.
void run_script(RestoreRun& run, std::string_view name, std::vector<std::string>* later = nullptr);

/// Statements of the entry `name`, without those that are left out. Throws Error{damaged} when it holds rows.
std::vector<std::string> read_statements(RestoreRun& run, std::string_view name);

}  // namespace dbsnap::postgres
