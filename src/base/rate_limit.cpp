// Reserving time for bytes, and waiting for it.
#include "base/rate_limit.hpp"

#include <algorithm>
#include <chrono>

#include "base/pause.hpp"

namespace dbsnap {
namespace {

using Duration = MonotonicTime::duration;

constexpr std::chrono::milliseconds kBurst{250};
constexpr std::uint64_t kTurnsPerSecond = 4;
/// Longer reservations are cut: nobody waits for a century, and sums stay in range.
constexpr std::chrono::hours kLongest{24 * 365};

Duration time_for(std::uint64_t bytes, std::uint64_t bytes_per_second) {
  const double seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second);
  const std::chrono::duration<double> time(std::min(seconds, std::chrono::duration<double>(kLongest).count()));
  return std::chrono::duration_cast<Duration>(time);
}

}  // namespace

void RateLimit::take(std::uint64_t bytes, const Context& context) {
  if (bytes_per_second_ == 0 || bytes == 0) return;
  pause_until(context, reserve(bytes, context));
}

void RateLimit::take_in_turns(std::uint64_t bytes, const Context& context) {
  if (bytes_per_second_ == 0) return;
  const std::uint64_t turn = std::max(bytes_per_second_ / kTurnsPerSecond, std::uint64_t{1});
  while (bytes > 0) {
    const std::uint64_t piece = std::min(bytes, turn);
    take(piece, context);
    bytes -= piece;
  }
}

MonotonicTime RateLimit::reserve(std::uint64_t bytes, const Context& context) {
  const MonotonicTime now = context.clock->monotonic();
  const std::scoped_lock lock(mutex_);
  const MonotonicTime start = std::max(paid_until_.value_or(now), now - kBurst);
  paid_until_ = std::min(start + time_for(bytes, bytes_per_second_), now + kLongest);
  return *paid_until_;
}

}  // namespace dbsnap
