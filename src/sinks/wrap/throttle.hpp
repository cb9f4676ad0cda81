// Throttle: how many calls a store gets at the same time, after it has asked for fewer.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "dbsnap/context.hpp"

namespace dbsnap {

/// Lets every call through until slow_down() is called. Safe from many threads.
class Throttle {
 public:
  /// Permission for one call, from construction to destruction.
  class Pass {
   public:
    /// Waits for its turn. Throws as Context::check() does.
    Pass(Throttle& throttle, const Context& context);
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

    /// The store has asked this call to slow down. Several that were under way together count once.
    void slow_down();
    /// The call was carried out.
    void succeeded();

   private:
    Throttle& throttle_;
    std::uint64_t cuts_ = 0;  // seen when the call was let through
  };

 private:
  static constexpr double kNoLimit = 256;  // more calls at once than anybody makes
  static constexpr double kCallsPerStep = 8;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  double allowed_ = kNoLimit;  // calls at the same time; no limit from kNoLimit on
  unsigned running_ = 0;
  std::uint64_t cuts_ = 0;
};

}  // namespace dbsnap
