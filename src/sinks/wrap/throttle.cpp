#include "sinks/wrap/throttle.hpp"

#include <algorithm>

#include "base/pause.hpp"

namespace dbsnap {

Throttle::Pass::Pass(Throttle& throttle, const Context& context) : throttle_(throttle) {
  std::unique_lock lock(throttle_.mutex_);
  const auto is_free = [&] { return throttle_.allowed_ >= kNoLimit || throttle_.running_ + 1 <= throttle_.allowed_; };
  do {
    context.check();
  } while (!throttle_.changed_.wait_for(lock, context.stop, kCheckInterval, is_free));
  ++throttle_.running_;
  cuts_ = throttle_.cuts_;
}

Throttle::Pass::~Pass() {
  const std::scoped_lock lock(throttle_.mutex_);
  --throttle_.running_;
  throttle_.changed_.notify_all();
}

void Throttle::Pass::slow_down() {
  const std::scoped_lock lock(throttle_.mutex_);
  if (cuts_ != throttle_.cuts_) return;
  ++throttle_.cuts_;
  throttle_.allowed_ = std::max(1.0, std::min<double>(throttle_.allowed_, throttle_.running_) / 2);
}

void Throttle::Pass::succeeded() {
  const std::scoped_lock lock(throttle_.mutex_);
  // One more after every `kCallsPerStep` rounds of calls.
  throttle_.allowed_ = std::min(kNoLimit, throttle_.allowed_ + 1 / (kCallsPerStep * throttle_.allowed_));
}

}  // namespace dbsnap
