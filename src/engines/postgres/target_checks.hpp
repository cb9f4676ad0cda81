// What a restore asks of its target before it writes anything.
#pragma once

#include <string>

#include "dbsnap/manifest.hpp"
#include "engines/postgres/connection.hpp"

namespace dbsnap::postgres {

/// Throws incompatible_version for an older server and for extensions and collations that the server lacks,
/// access_refused where the role may not create a database (`creates`) or give objects to their owners, and not_found
/// for roles and tablespaces that are missing and are not to be created.
void check_server_fits(Connection& server, const Manifest& manifest, const PostgresOptions& options, bool creates,
                       const Context& context);

/// True when the connected database holds nothing of a user's; what comes with its extensions does not count.
bool holds_nothing(Connection& database, const Context& context);

/// Text of a fact, or nothing.
std::string fact_text(const Facts& facts, std::string_view name);

}  // namespace dbsnap::postgres
