// Bringing a database back from a snapshot, and proving that it is sound.
#pragma once

#include <string>

#include "dbsnap/snapshotter.hpp"

namespace dbsnap::sqlite {

/// Writes entry "main" of the snapshot to `path`: see Snapshotter::restore().
void restore_database(const std::string& path, SnapshotReader& reader, const RestoreOptions& options,
                      const Context& context);

/// PRAGMA integrity_check over the database at `path`: see Snapshotter::check_restored().
void check_database(const std::string& path, const Context& context);

}  // namespace dbsnap::sqlite
