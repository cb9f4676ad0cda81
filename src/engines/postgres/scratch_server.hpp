// A throwaway server in a private folder, for restore tests: a snapshot is proven where it can do no harm.
#pragma once

#include <memory>
#include <string>

#include "dbsnap/snapshotter.hpp"
#include "engines/postgres/settings.hpp"

namespace dbsnap::postgres {

/// An engine whose target is a database on a server of its own, which is started by restore() with the programs of a
/// version that fits the snapshot and stopped when the engine is destroyed. It listens on a socket in `folder` only.
std::unique_ptr<Snapshotter> make_scratch_engine(const Settings& settings, const std::string& folder);

}  // namespace dbsnap::postgres
