// A clock that moves on whenever it is read, so that waiting ends without time passing.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "dbsnap/clock.hpp"

namespace dbsnap::testing {

class RunningClock final : public Clock {
 public:
  explicit RunningClock(std::chrono::milliseconds step) : step_ms_(step.count()) {}

  TimePoint now() const override { return TimePoint{}; }
  MonotonicTime monotonic() const override {
    return MonotonicTime(std::chrono::milliseconds(time_ms_.fetch_add(step_ms_)));
  }
  /// Since construction, in milliseconds.
  [[nodiscard]] std::int64_t elapsed_ms() const { return time_ms_.load() - kStartMs; }

 private:
  static constexpr std::int64_t kStartMs = 1'000'000;
  std::int64_t step_ms_;
  mutable std::atomic<std::int64_t> time_ms_{kStartMs};
};

}  // namespace dbsnap::testing
