// The session of a snapshot: one entry, "main", whose bytes are the database file as of one commit.
#pragma once

#include <memory>

#include "dbsnap/engines/sqlite.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap::sqlite {

inline constexpr const char* kEntryName = "main";

/// Fixes the state of the database and offers its pages.
std::unique_ptr<Session> begin_session(const SqliteOptions& options, const Context& context);

/// Offers a plain database file that comes as a stream. The header is checked here, the length at its end.
/// `name` is what messages call the file.
std::unique_ptr<Session> begin_import_session(std::unique_ptr<EntryReader> file, const std::string& name,
                                              const Context& context);

}  // namespace dbsnap::sqlite
