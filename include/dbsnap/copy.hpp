// Copy: snapshots of one repository stored in another one, too.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/clock.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/filter.hpp"
#include "dbsnap/manifest.hpp"

namespace dbsnap {

struct CopyOptions {
  /// Full ids in the source repository. Empty: all that the next three let through.
  std::vector<std::string> ids = {};
  SnapshotFilter filter = {};
  std::optional<unsigned> last = {};    ///< of each source only the newest N
  std::optional<TimePoint> since = {};  ///< only those that show this time or a later one
  /// Also copy what was begun before the newest copy of its source that is here. Without it such snapshots are taken
  /// for removed by this repository's retention, unless `ids`, `last` or `since` chose them.
  bool older = false;
  bool pins = false;  ///< pin the copies of pinned snapshots
  /// Allow a copy out of an encrypted repository into one that is not.
  bool allow_unencrypted = false;
  bool dry_run = false;       ///< only say what would be copied; nothing is written
  unsigned threads = 0;       ///< threads that compute; 0 = all cores
  int compression_level = 3;  ///< zstd level, 1 to 19
};

/// What was done about one snapshot of the source repository.
struct SnapshotCopy {
  enum class State {
    planned,  ///< dry run: would be copied
    copied,
    present,  ///< it was here already
    older,    ///< begun before the newest copy that is here; see CopyOptions::older
    gone,     ///< forgotten in the source repository while it was being copied
    failed,   ///< it is damaged there; `failure` says where
  };
  SnapshotSummary snapshot;  ///< as the source repository has it
  Origin origin;             ///< where it was first taken: what makes two copies the same snapshot
  State state = State::planned;
  std::string id = {};             ///< its id here, when it is present or was copied
  std::uint64_t bytes_new = 0;     ///< plain bytes that were, or would be, read from the source repository
  std::uint64_t bytes_stored = 0;  ///< bytes that the copy added here
  std::optional<Error> failure = {};
};
/// Word for a state as shown in JSON, for example "copied".
DBSNAP_API std::string_view name_of(SnapshotCopy::State state) noexcept;

struct CopyReport {
  bool dry_run = false;
  std::string from;                     ///< id of the source repository
  std::vector<SnapshotCopy> snapshots;  ///< by source, oldest first

  [[nodiscard]] std::uint64_t count(SnapshotCopy::State state) const noexcept {
    return static_cast<std::uint64_t>(std::ranges::count(snapshots, state, &SnapshotCopy::state));
  }
  /// True when no snapshot failed.
  [[nodiscard]] bool ok() const noexcept { return count(SnapshotCopy::State::failed) == 0; }
};

}  // namespace dbsnap
