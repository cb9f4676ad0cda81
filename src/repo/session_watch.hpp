// Session watch: waiting for sessions of other processes to be over, and fencing those that show no life.
#pragma once

#include <chrono>
#include <vector>

#include "dbsnap/error.hpp"
#include "repo/sessions.hpp"

namespace dbsnap {

struct WatchOptions {
  /// How long a session may show no new sign of life before it is taken for dead, on this machine's monotonic clock.
  std::chrono::nanoseconds patience{};
  /// Whether the dead may be fenced; if not, one of them ends the watch with Error{locked}.
  bool may_fence = true;
  /// False: a session that shows a new sign of life is not waited for.
  bool until_over = true;
};

/// Returns when none of `sessions` needs to be waited for; says which ones it fenced.
std::vector<SessionId> watch_sessions(const RepositoryState& state, const std::vector<SessionRecord>& sessions,
                                      const WatchOptions& options, const Context& context);

/// Error{locked} that names the session and what to do about it.
Error still_running(const SessionRecord& session, std::string why, std::string hint);

}  // namespace dbsnap
