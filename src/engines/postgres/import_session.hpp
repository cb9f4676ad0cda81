// A plain file of pg_dump's as a snapshot of one entry.
#pragma once

#include <memory>

#include "dbsnap/snapshotter.hpp"

namespace dbsnap::postgres {

/// Throws not_a_database for a file that pg_dump has not written, unsupported for its other formats and for
/// pg_dumpall's.
std::unique_ptr<Session> begin_import_session(std::unique_ptr<EntryReader> file, const Context& context);

}  // namespace dbsnap::postgres
