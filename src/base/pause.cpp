#include "base/pause.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace dbsnap {

void pause_until(const Context& context, MonotonicTime time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (true) {
    context.check();
    const std::chrono::nanoseconds left = time - context.clock->monotonic();
    if (left <= std::chrono::nanoseconds::zero()) return;
    never.wait_for(lock, context.stop, std::min<std::chrono::nanoseconds>(left, kCheckInterval), [] { return false; });
  }
}

void pause(const Context& context, std::chrono::nanoseconds length) {
  pause_until(context, context.clock->monotonic() + length);
}

}  // namespace dbsnap
