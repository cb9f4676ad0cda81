// Time, as something that is handed in: nothing below `ops` reads a clock by itself.
#pragma once

#include <chrono>

#include "dbsnap/export.hpp"

namespace dbsnap {

/// Recorded wall-clock time: nanoseconds since 1970-01-01 UTC.
using TimePoint = std::chrono::sys_time<std::chrono::nanoseconds>;
/// Point for measuring durations and deadlines; unaffected by clock changes.
using MonotonicTime = std::chrono::steady_clock::time_point;

/// Source of both times. Implementations must be callable from any thread.
class DBSNAP_API Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual MonotonicTime monotonic() const = 0;
};

/// The machine's clock; lives as long as the program.
DBSNAP_API const Clock& system_clock() noexcept;

}  // namespace dbsnap
