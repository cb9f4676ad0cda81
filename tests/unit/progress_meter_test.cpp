// Delivery of progress: how often, by whom, and what it says.
#include "repo/progress_meter.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace dbsnap {
namespace {

/// A clock that stands still until it is moved.
class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint{}; }
  MonotonicTime monotonic() const override { return MonotonicTime(std::chrono::milliseconds(time_ms.load())); }
  std::atomic<std::int64_t> time_ms{1'000};
};

struct Fixture {
  Fixture() {
    context.clock = &clock;
    context.on_progress = [this](const Progress& progress) { delivered.push_back(progress); };
  }
  ManualClock clock;
  Context context;
  std::vector<Progress> delivered;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a reading tells everything that was counted") {
  ProgressMeter meter(context, Phase::read);
  meter.set_total(1'000);
  meter.item("main");
  meter.add_done(300);
  meter.add_done(200);
  meter.add_new(40);
  meter.add_stored(7);
  meter.add_items(2);
  meter.report();
  REQUIRE(delivered.size() == 1);
  const Progress& progress = delivered.front();
  CHECK(progress.phase == Phase::read);
  CHECK(progress.item == "main");
  CHECK(progress.bytes_total == 1'000U);
  CHECK(progress.bytes_done == 500);
  CHECK(progress.bytes_new == 40);
  CHECK(progress.bytes_stored == 7);
  CHECK(progress.items_done == 2);
}

TEST_CASE_FIXTURE(Fixture, "an unknown total stays unknown") {
  ProgressMeter meter(context, Phase::read);
  meter.report();
  REQUIRE(delivered.size() == 1);
  CHECK_FALSE(delivered.front().bytes_total.has_value());
}

TEST_CASE_FIXTURE(Fixture, "reports come at most ten times a second") {
  ProgressMeter meter(context, Phase::read);
  for (int ms = 0; ms < 1'000; ++ms) {
    meter.report();
    clock.time_ms += 1;
  }
  CHECK(delivered.size() == 10);
}

TEST_CASE_FIXTURE(Fixture, "the end of a phase is always reported") {
  ProgressMeter meter(context, Phase::read);
  meter.report();
  meter.add_done(5);
  meter.finish_phase();
  meter.phase(Phase::commit);
  meter.finish_phase();
  REQUIRE(delivered.size() == 3);
  CHECK(delivered[1].bytes_done == 5);
  CHECK(delivered[1].phase == Phase::read);
  CHECK(delivered[2].phase == Phase::commit);
  CHECK(delivered[2].bytes_done == 5);
}

TEST_CASE_FIXTURE(Fixture, "after the callback has thrown it is not called again") {
  int calls = 0;
  context.on_progress = [&](const Progress&) {
    ++calls;
    throw std::runtime_error("enough");
  };
  ProgressMeter meter(context, Phase::read);
  CHECK_THROWS_AS(meter.report(), std::runtime_error);
  clock.time_ms += 1'000;
  meter.report();
  meter.finish_phase();
  CHECK(calls == 1);
}

TEST_CASE_FIXTURE(Fixture, "without a callback nothing happens") {
  context.on_progress = nullptr;
  ProgressMeter meter(context, Phase::read);
  meter.item("main");
  meter.add_done(1);
  meter.report();
  meter.finish_phase();
  CHECK(delivered.empty());
}

TEST_CASE_FIXTURE(Fixture, "many threads count right and call one at a time") {
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  std::vector<std::uint64_t> seen;
  context.on_progress = [&](const Progress& progress) {
    if (inside.fetch_add(1) != 0) overlapped = true;
    seen.push_back(progress.bytes_done);
    std::this_thread::yield();
    inside.fetch_sub(1);
  };
  ProgressMeter meter(context, Phase::read);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 2'000; ++i) {
          meter.add_done(3);
          meter.item("entry");
          clock.time_ms += 10;
          meter.report();
        }
      });
    }
  }
  meter.finish_phase();
  CHECK_FALSE(overlapped);
  CHECK(seen.back() == 4 * 2'000 * 3);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(seen.size() > 100);
}

TEST_CASE_FIXTURE(Fixture, "no reading tells more new bytes than bytes done, while other threads count") {
  std::uint64_t readings = 0, wrong = 0;
  context.on_progress = [&](const Progress& progress) {
    ++readings;
    if (progress.bytes_new > progress.bytes_done) ++wrong;
  };
  ProgressMeter meter(context, Phase::read);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          meter.add_done(1);
          meter.add_new(1);
        }
      });
    }
    for (int i = 0; i < 200'000; ++i) meter.finish_phase();
  }
  CHECK(readings == 200'000);
  CHECK(wrong == 0);
}

}  // namespace dbsnap
