// Reserving time for bytes, and waiting for it.
#include "repo/rate_limit.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>

namespace dbsnap {
namespace {

using Duration = MonotonicTime::duration;

constexpr std::chrono::milliseconds kBurst{250};
constexpr std::chrono::milliseconds kCheckInterval{100};
/// Longer reservations are cut: nobody waits for a century, and sums stay in range.
constexpr std::chrono::hours kLongest{24 * 365};

Duration time_for(std::uint64_t bytes, std::uint64_t bytes_per_second) {
  const double seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second);
  const std::chrono::duration<double> time(std::min(seconds, std::chrono::duration<double>(kLongest).count()));
  return std::chrono::duration_cast<Duration>(time);
}

}  // namespace

RateLimit::RateLimit(std::uint64_t bytes_per_second, const Context& context)
    : bytes_per_second_(bytes_per_second), context_(context) {
  if (bytes_per_second_ > 0) paid_until_ = context_.clock->monotonic();
}

void RateLimit::take(std::uint64_t bytes) {
  if (bytes_per_second_ == 0 || bytes == 0) return;
  wait_until(reserve(bytes));
}

MonotonicTime RateLimit::reserve(std::uint64_t bytes) {
  const MonotonicTime now = context_.clock->monotonic();
  const std::lock_guard lock(mutex_);
  const MonotonicTime start = std::max(paid_until_, now - kBurst);
  const MonotonicTime furthest = now + kLongest;
  paid_until_ = std::min(start + time_for(bytes, bytes_per_second_), furthest);
  return paid_until_;
}

void RateLimit::wait_until(MonotonicTime time) const {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (true) {
    context_.check();
    const Duration left = time - context_.clock->monotonic();
    if (left <= Duration::zero()) return;
    never.wait_for(lock, context_.stop, std::min<Duration>(left, kCheckInterval), [] { return false; });
  }
}

}  // namespace dbsnap
