// A folder as a sink.
#pragma once

#include <memory>
#include <string>

#include "dbsnap/export.hpp"
#include "dbsnap/sink.hpp"

namespace dbsnap {

struct LocalOptions {
  /// Folder that holds the objects, an absolute path (Error{invalid_argument} otherwise); made, with
  /// its parents, at the first put. Symbolic links inside it are refused. Unfinished puts lie in its
  /// subfolder `~tmp`, where the next writer removes what dead ones left.
  std::string folder;
};

/// Sink over a local folder. Objects are written to a temporary name, fsynced and linked into
/// place; folders are fsynced. Needs a file system with hard links or atomic rename.
DBSNAP_API std::shared_ptr<Sink> make_local_sink(LocalOptions options);

}  // namespace dbsnap
