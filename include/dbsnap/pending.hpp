// Pending copies: snapshots that another repository was to get and has not got yet.
#pragma once

#include <string>

#include "dbsnap/clock.hpp"

namespace dbsnap {

/// A note in a repository that holds the snapshot, until the copy is made.
struct PendingCopy {
  std::string snapshot;  ///< id in the repository that keeps the note
  std::string to;        ///< URL of the repository that lacks it, secrets removed
  TimePoint since{};     ///< when it was first noted
};

}  // namespace dbsnap
