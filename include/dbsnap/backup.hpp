// Backup: one snapshot stored in several repositories.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/manifest.hpp"
#include "dbsnap/repository.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap {

/// A repository that a backup is to reach.
struct BackupTarget {
  std::string url;  ///< for people and for the note about a pending copy; secrets removed
  /// Opens it. What this throws is a failure of this target alone, unless it says that the caller wants no more work.
  std::function<Repository()> open;
};

/// What became of one target.
struct TargetOutcome {
  std::string url;
  std::string id = {};             ///< of the snapshot there; empty when it has none
  std::uint64_t bytes_stored = 0;  ///< that it added there
  std::optional<Error> failure = {};
  bool pending = false;  ///< the copy is noted in a repository that holds the snapshot
};

struct BackupReport {
  Manifest manifest;                   ///< of the snapshot, where it was taken
  std::vector<TargetOutcome> targets;  ///< in the order they were given

  /// True when every target holds the snapshot.
  [[nodiscard]] bool complete() const noexcept {
    return std::ranges::none_of(targets, [](const TargetOutcome& target) { return target.failure.has_value(); });
  }
};

/// Takes a snapshot of `source` into the first target that works, and copies it into the others: the source is read
/// once, and all of them hold the same snapshot. A target that fails leaves the others complete; that it lacks the
/// snapshot is noted in the one where it was taken (Repository::pending()).
///
/// Throws what the source failed with; the first target's failure when no target works; and cancelled,
/// deadline_exceeded or stopped_by_callback, which leave a snapshot that was taken before.
DBSNAP_API BackupReport backup_to(Snapshotter& source, std::span<const BackupTarget> targets,
                                  const SnapshotOptions& options, const Context& context);

}  // namespace dbsnap
