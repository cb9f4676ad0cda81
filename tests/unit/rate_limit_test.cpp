// The shared limit on bytes per second, against a clock that the test drives.
#include "base/rate_limit.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "dbsnap/error.hpp"
#include "harness/running_clock.hpp"

namespace dbsnap {
namespace {

using testing::RunningClock;

constexpr std::chrono::milliseconds kStep{200};

}  // namespace

TEST_CASE("as much time passes as the bytes take") {
  const RunningClock clock(kStep);
  Context context;
  context.clock = &clock;
  RateLimit limit(1'000);
  for (int i = 0; i < 10; ++i) limit.take(500, context);
  CHECK(clock.elapsed_ms() >= 5'000 - 250);
  CHECK(clock.elapsed_ms() <= 5'000 + 10 * 5 * kStep.count());
}

TEST_CASE("one large amount takes as long as many small ones") {
  const RunningClock clock(kStep);
  Context context;
  context.clock = &clock;
  RateLimit limit(1'000);
  limit.take(4'000, context);
  CHECK(clock.elapsed_ms() >= 4'000);
}

TEST_CASE("an amount that is taken in turns takes as long") {
  const RunningClock clock(kStep);
  Context context;
  context.clock = &clock;
  RateLimit limit(1'000);
  limit.take_in_turns(4'000, context);
  CHECK(clock.elapsed_ms() >= 4'000 - 250);
  CHECK(clock.elapsed_ms() <= 4'000 + 16 * 5 * kStep.count());
}

TEST_CASE("threads share the limit") {
  const RunningClock clock(kStep);
  Context context;
  context.clock = &clock;
  RateLimit limit(1'000);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 4; ++i) limit.take(500, context);
      });
    }
  }
  CHECK(clock.elapsed_ms() >= 6'000 - 250);
}

TEST_CASE("no limit never looks at the clock") {
  const RunningClock clock(kStep);
  Context context;
  context.clock = &clock;
  RateLimit limit(0);
  limit.take(~std::uint64_t{0}, context);
  limit.take_in_turns(~std::uint64_t{0}, context);
  CHECK(clock.elapsed_ms() == 0);
}

TEST_CASE("waiting ends when the caller cancels") {
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  RateLimit limit(1);
  std::jthread canceller([&] { stop.request_stop(); });
  try {
    limit.take(~std::uint64_t{0}, context);
    FAIL("was let through");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::cancelled);
  }
}

TEST_CASE("waiting ends at the deadline") {
  const RunningClock clock(kStep);
  Context context;
  context.clock = &clock;
  context.deadline = clock.monotonic() + std::chrono::seconds(2);
  RateLimit limit(1);
  try {
    limit.take(1'000'000, context);
    FAIL("was let through");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::deadline_exceeded);
  }
}

}  // namespace dbsnap
