// What travels with every call: cancellation, deadline, progress, log, clock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "dbsnap/clock.hpp"
#include "dbsnap/export.hpp"

namespace dbsnap {

/// Where a long operation is.
enum class Phase { connect, read, commit, restore, verify, prune, export_, import_, copy };
/// Word for a phase as shown to people and in JSON, for example "read".
DBSNAP_API std::string_view name_of(Phase phase) noexcept;

/// A reading of a running operation. All sizes are bytes; counters only grow within one operation.
struct Progress {
  Phase phase = Phase::connect;
  std::string item;                          ///< entry, object or snapshot being worked on
  std::uint64_t bytes_done = 0;              ///< plain bytes read, written or checked so far
  std::optional<std::uint64_t> bytes_total;  ///< expected plain bytes, when known
  std::uint64_t bytes_new = 0;               ///< backup: plain bytes not found in the parent snapshot
  std::uint64_t bytes_stored = 0;            ///< backup: bytes written to the sink
  std::uint64_t items_done = 0;              ///< entries, objects or snapshots finished
};

enum class LogLevel { debug, info, warning };

/// Passed to every call by reference, copied freely. A default Context never cancels and is silent.
///
/// `on_progress` is called at most ten times a second and once at the end of each phase, by one
/// thread at a time but not always the same one; `log` likewise. An exception thrown by either
/// stops the operation and reaches the caller of the operation.
struct DBSNAP_API Context {
  std::stop_token stop;
  std::optional<MonotonicTime> deadline;
  std::function<void(const Progress&)> on_progress;
  std::function<void(LogLevel, std::string_view)> log;
  const Clock* clock = &system_clock();

  /// Throws Error{cancelled} or Error{deadline_exceeded} when the caller wants no more work.
  /// Every loop over data calls this at least once a mebibyte.
  void check() const;
};

}  // namespace dbsnap
