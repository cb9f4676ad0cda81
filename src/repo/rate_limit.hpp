// A limit on bytes per second that several threads share.
#pragma once

#include <cstdint>
#include <mutex>

#include "dbsnap/context.hpp"

namespace dbsnap {

/// Spaces out work so that on average no more than a number of bytes per second passes; after a
/// pause a quarter of a second's worth may pass at once.
class RateLimit {
 public:
  /// 0 means no limit. `context` is borrowed for the operation.
  RateLimit(std::uint64_t bytes_per_second, const Context& context);

  /// Returns when `bytes` may pass. Any amount may be asked for; threads pass in the order they
  /// ask. Throws as Context::check() does, within a tenth of a second.
  void take(std::uint64_t bytes);

 private:
  [[nodiscard]] MonotonicTime reserve(std::uint64_t bytes);
  void wait_until(MonotonicTime time) const;

  std::uint64_t bytes_per_second_;
  const Context& context_;
  std::mutex mutex_;
  MonotonicTime paid_until_;  // guarded by mutex_: when all that has passed is made up for
};

}  // namespace dbsnap
