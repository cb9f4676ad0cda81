// A snapshot of a live database, entry by entry.
#pragma once

#include <memory>

#include "dbsnap/snapshotter.hpp"
#include "engines/postgres/settings.hpp"

namespace dbsnap::postgres {

std::unique_ptr<Session> begin_session(const Settings& settings, const Context& context);

}  // namespace dbsnap::postgres
