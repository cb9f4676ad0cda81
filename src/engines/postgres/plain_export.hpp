// A snapshot as one SQL script that psql loads.
#pragma once

#include "dbsnap/snapshotter.hpp"

namespace dbsnap::postgres {

void export_script(SnapshotReader& reader, EntryWriter& out, const Context& context);

}  // namespace dbsnap::postgres
