// The shared limit on bytes per second, against a clock that the test drives.
#include "repo/rate_limit.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

/// A clock that moves on by a step whenever it is read, so that waiting ends without time passing.
class SteppingClock final : public Clock {
 public:
  explicit SteppingClock(std::chrono::milliseconds step) : step_ms_(step.count()) {}
  TimePoint now() const override { return TimePoint{}; }
  MonotonicTime monotonic() const override {
    return MonotonicTime(std::chrono::milliseconds(time_ms_.fetch_add(step_ms_)));
  }
  [[nodiscard]] std::int64_t elapsed_ms() const { return time_ms_.load() - kStartMs; }

 private:
  static constexpr std::int64_t kStartMs = 1'000'000;
  std::int64_t step_ms_;
  mutable std::atomic<std::int64_t> time_ms_{kStartMs};
};

constexpr std::chrono::milliseconds kStep{200};

}  // namespace

TEST_CASE("as much time passes as the bytes take") {
  const SteppingClock clock(kStep);
  Context context;
  context.clock = &clock;
  RateLimit limit(1'000, context);
  for (int i = 0; i < 10; ++i) limit.take(500);
  CHECK(clock.elapsed_ms() >= 5'000 - 250);
  CHECK(clock.elapsed_ms() <= 5'000 + 10 * 5 * kStep.count());
}

TEST_CASE("one large amount takes as long as many small ones") {
  const SteppingClock clock(kStep);
  Context context;
  context.clock = &clock;
  RateLimit limit(1'000, context);
  limit.take(4'000);
  CHECK(clock.elapsed_ms() >= 4'000);
}

TEST_CASE("threads share the limit") {
  const SteppingClock clock(kStep);
  Context context;
  context.clock = &clock;
  RateLimit limit(1'000, context);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 4; ++i) limit.take(500);
      });
    }
  }
  CHECK(clock.elapsed_ms() >= 6'000 - 250);
}

TEST_CASE("no limit never looks at the clock") {
  const SteppingClock clock(kStep);
  Context context;
  context.clock = &clock;
  RateLimit limit(0, context);
  limit.take(~std::uint64_t{0});
  CHECK(clock.elapsed_ms() == 0);
}

TEST_CASE("waiting ends when the caller cancels") {
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  RateLimit limit(1, context);
  std::jthread canceller([&] { stop.request_stop(); });
  try {
    limit.take(~std::uint64_t{0});
    FAIL("was let through");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::cancelled);
  }
}

TEST_CASE("waiting ends at the deadline") {
  const SteppingClock clock(kStep);
  Context context;
  context.clock = &clock;
  context.deadline = clock.monotonic() + std::chrono::seconds(2);
  RateLimit limit(1, context);
  try {
    limit.take(1'000'000);
    FAIL("was let through");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::deadline_exceeded);
  }
}

}  // namespace dbsnap
