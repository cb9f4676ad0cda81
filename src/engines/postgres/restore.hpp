// Restores a snapshot into a database: as a whole, or not at all.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "dbsnap/snapshotter.hpp"
#include "engines/postgres/settings.hpp"

namespace dbsnap::postgres {

/// Rows by table as SQL writes its name: "public"."orders".
using TableRows = std::map<std::string, std::uint64_t>;

/// Returns the rows that each restored table holds now.
TableRows restore_database(const Settings& settings, SnapshotReader& reader, const RestoreOptions& options,
                           const Context& context);

/// Reads every table. Throws Error{damaged} when one of `expected` is missing or holds another number of rows, or an
/// index is not valid.
void check_database(const Settings& settings, TableRows expected, const Context& context);

}  // namespace dbsnap::postgres
