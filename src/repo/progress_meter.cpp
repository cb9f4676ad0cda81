// Throttled delivery of progress.
#include "repo/progress_meter.hpp"

#include <limits>

namespace dbsnap {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr std::uint64_t kNoTotal = std::numeric_limits<std::uint64_t>::max();

}  // namespace

ProgressMeter::ProgressMeter(const Context& context, Phase phase)
    : context_(context),
      phase_(phase),
      total_(kNoTotal),
      next_report_(std::numeric_limits<MonotonicTime::duration::rep>::min()) {}

void ProgressMeter::set_total(std::optional<std::uint64_t> bytes) {
  total_.store(bytes.value_or(kNoTotal), std::memory_order_relaxed);
}

void ProgressMeter::item(std::string_view name) {
  if (!context_.on_progress) return;
  const std::lock_guard lock(item_mutex_);
  item_ = name;
}

void ProgressMeter::report() {
  if (!context_.on_progress) return;
  const auto is_due = [&] {
    return context_.clock->monotonic().time_since_epoch().count() >= next_report_.load(std::memory_order_relaxed);
  };
  if (!is_due()) return;
  const std::unique_lock lock(delivery_, std::try_to_lock);
  // Another thread may have delivered between the two looks at the clock.
  if (lock.owns_lock() && is_due()) deliver();
}

void ProgressMeter::finish_phase() {
  if (!context_.on_progress) return;
  const std::lock_guard lock(delivery_);
  deliver();
}

Progress ProgressMeter::reading() const {
  Progress progress;
  progress.phase = phase_.load(std::memory_order_relaxed);
  // Before the bytes done, which go on growing meanwhile.
  progress.bytes_new = new_.load(std::memory_order_acquire);
  progress.bytes_done = done_.load(std::memory_order_relaxed);
  if (const auto total = total_.load(std::memory_order_relaxed); total != kNoTotal) progress.bytes_total = total;
  progress.bytes_stored = stored_.load(std::memory_order_relaxed);
  progress.items_done = items_.load(std::memory_order_relaxed);
  const std::lock_guard lock(item_mutex_);
  progress.item = item_;
  return progress;
}

void ProgressMeter::deliver() {
  if (failed_) return;
  failed_ = true;
  context_.on_progress(reading());
  failed_ = false;
  const auto next = context_.clock->monotonic() + kInterval;
  next_report_.store(next.time_since_epoch().count(), std::memory_order_relaxed);
}

}  // namespace dbsnap
