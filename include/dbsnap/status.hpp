// Status: how old the newest snapshot of each source is, and what is not as it should be. Pure: no I/O, no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dbsnap/clock.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/manifest.hpp"
#include "dbsnap/pending.hpp"
#include "dbsnap/repository.hpp"

namespace dbsnap {

/// What a repository holds of one source.
struct SourceStatus {
  std::string source_key;
  SourceInfo source;                   ///< as its newest snapshot names it
  std::string newest = {};             ///< id of the newest snapshot that is not known to be damaged; may be empty
  std::optional<TimePoint> time = {};  ///< the state that `newest` shows
  std::chrono::seconds age{0};         ///< of that state; 0 when it is dated later than now
  std::uint64_t size = 0;              ///< plain bytes of `newest`
  std::uint64_t snapshots = 0;
  std::uint64_t damaged = 0;  ///< snapshots in which a verify found damage
  /// No good snapshot, or none as young as was asked for.
  bool too_old = false;
};

/// A pending copy, and the snapshot it is about.
struct PendingStatus {
  PendingCopy copy;
  std::string source;  ///< name of the snapshot's source
};

struct RepositoryStatus {
  std::vector<SourceStatus> sources;  ///< by name, then host
  std::vector<PendingStatus> pending;
  std::vector<UnfinishedSession> unfinished;
  std::optional<std::chrono::seconds> max_age = {};  ///< what was asked for
  /// True when an age was asked for and a source is too old, or there is no source at all.
  [[nodiscard]] bool too_old() const noexcept;
};

/// What the status is made from, as a repository gives it.
struct StatusInput {
  std::span<const SnapshotSummary> snapshots;
  std::span<const PendingCopy> pending;
  std::span<const UnfinishedSession> unfinished;
};

/// `max_age` is how old the newest good snapshot of a source may be; nothing: any age will do.
DBSNAP_API RepositoryStatus status_of(const StatusInput& input, TimePoint now,
                                      std::optional<std::chrono::seconds> max_age);

}  // namespace dbsnap
