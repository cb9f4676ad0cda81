// Counters of a running operation, and their throttled delivery to the caller.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "dbsnap/context.hpp"

namespace dbsnap {

/// Gathers Progress from many threads and hands it to Context::on_progress by that callback's
/// rules: at most ten times a second and at the end of each phase, one call at a time, none after
/// one has thrown. Counting costs one atomic addition; without a callback that is all.
class ProgressMeter {
 public:
  /// `context` is borrowed for the operation.
  ProgressMeter(const Context& context, Phase phase);

  void set_total(std::optional<std::uint64_t> bytes);
  void item(std::string_view name);
  void add_done(std::uint64_t bytes) { add(done_, bytes); }
  /// Of bytes that were added as done before, so that no reading tells more new ones than done ones.
  void add_new(std::uint64_t bytes) { new_.fetch_add(bytes, std::memory_order_release); }
  void add_stored(std::uint64_t bytes) { add(stored_, bytes); }
  void add_items(std::uint64_t count) { add(items_, count); }

  /// Delivers when it is time to and no other thread is at it; never waits.
  void report();
  /// Delivers in any case.
  void finish_phase();
  void phase(Phase phase) { phase_.store(phase, std::memory_order_relaxed); }

 private:
  using Counter = std::atomic<std::uint64_t>;
  static void add(Counter& counter, std::uint64_t count) { counter.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] Progress reading() const;
  void deliver();

  const Context& context_;
  std::atomic<Phase> phase_;
  Counter done_{0};
  Counter new_{0};
  Counter stored_{0};
  Counter items_{0};
  Counter total_;
  std::atomic<MonotonicTime::duration::rep> next_report_;
  std::mutex delivery_;  // held during a call of on_progress
  bool failed_ = false;  // guarded by delivery_: the callback has thrown
  mutable std::mutex item_mutex_;
  std::string item_;  // guarded by item_mutex_
};

}  // namespace dbsnap
