// Which processes of this machine hold a file open, as far as the system lets us see.
#pragma once

#include <optional>
#include <string>

namespace dbsnap::sqlite {

/// A process that holds the file at `path` open: this one if it does, else any other that /proc shows.
/// Processes of other users are visible to root only.
std::optional<long> process_that_holds(const std::string& path);

/// True when this process has the file at `path` open. Does not open it.
bool this_process_holds(const std::string& path);

/// True when more than one SQLite shared library is loaded into this process. POSIX locks that one of
/// them takes are dropped when the other closes the same file.
bool several_sqlite_libraries();

}  // namespace dbsnap::sqlite
