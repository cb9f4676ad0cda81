// Life signs: small objects by which a running session shows the pruners of other machines that it is not dead.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "dbsnap/context.hpp"
#include "format/names.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Puts a new sign every `interval` from a thread of its own and removes the one before, until it is stopped. Nothing
/// rests on these objects but the patience of pruners, so a put that fails is tried again at the next interval.
class LifeSigns {
 public:
  /// References are borrowed; of `context` only the clock is used.
  LifeSigns(const RepositoryState& state, const SessionId& session, std::chrono::nanoseconds interval,
            const Context& context);
  ~LifeSigns();
  LifeSigns(const LifeSigns&) = delete;
  LifeSigns& operator=(const LifeSigns&) = delete;

  /// Ends the thread and removes the last sign. Returns what the last put or remove failed with, or an empty text.
  std::string stop();

 private:
  void run(const std::stop_token& stop);
  void show(const Context& context);
  void remove_last(const Context& context);

  const RepositoryState& state_;
  const SessionId session_;
  const std::chrono::nanoseconds interval_;
  const Clock* const clock_;
  std::uint64_t signs_ = 0;
  std::string failure_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace dbsnap
