// A limit on bytes per second that several threads share.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "dbsnap/context.hpp"

namespace dbsnap {

/// Spaces out work so that on average no more than a number of bytes per second passes; after a
/// pause a quarter of a second's worth may pass at once.
class RateLimit {
 public:
  /// 0 means no limit.
  explicit RateLimit(std::uint64_t bytes_per_second) noexcept : bytes_per_second_(bytes_per_second) {}

  /// Returns when `bytes` may pass. Any amount may be asked for; threads pass in the order they
  /// ask. Throws as Context::check() does, within a tenth of a second. All callers' contexts share a clock.
  void take(std::uint64_t bytes, const Context& context);
  /// The same in pieces of a quarter of a second, so that whoever asks for little meanwhile waits for one piece only.
  void take_in_turns(std::uint64_t bytes, const Context& context);

 private:
  [[nodiscard]] MonotonicTime reserve(std::uint64_t bytes, const Context& context);

  const std::uint64_t bytes_per_second_;
  std::mutex mutex_;
  std::optional<MonotonicTime> paid_until_;  // guarded by mutex_: when all that has passed is made up for
};

}  // namespace dbsnap
