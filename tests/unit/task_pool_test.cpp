// Tasks run once each, waiting helps, and failures reach who waits.
#include "base/task_pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>

using dbsnap::TaskHandle;
using dbsnap::TaskPool;

TEST_SUITE_BEGIN("task pool");

TEST_CASE("a pool without workers runs everything on the thread that waits, in order") {
  TaskPool pool(0);
  std::vector<int> order;
  std::vector<TaskHandle> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(pool.submit([&order, i] { order.push_back(i); }));

  pool.wait(tasks.back());

  CHECK(order == std::vector{0, 1, 2, 3, 4});
}

TEST_CASE("every task runs exactly once on many threads") {
  TaskPool pool(4);
  std::atomic<int> runs{0};
  std::vector<TaskHandle> tasks;
  for (int i = 0; i < 2000; ++i) tasks.push_back(pool.submit([&runs] { ++runs; }));

  for (const TaskHandle& task : tasks) pool.wait(task);

  CHECK(runs == 2000);
}

TEST_CASE("what a task throws reaches each thread that waits for it") {
  TaskPool pool(1);
  const TaskHandle task = pool.submit([] { throw std::runtime_error("no luck"); });

  CHECK_THROWS_WITH_AS(pool.wait(task), "no luck", std::runtime_error);
  CHECK_THROWS_WITH_AS(pool.wait(task), "no luck", std::runtime_error);
  CHECK(pool.is_done(task));
}

TEST_CASE("what a task holds on to is released when it has run, not when its handle goes") {
  TaskPool pool(0);
  auto held = std::make_shared<int>(1);
  const TaskHandle task = pool.submit([held] {});

  pool.wait(task);

  CHECK(held.use_count() == 1);
}

TEST_CASE("a pool that goes away drops the tasks that have not begun") {
  std::atomic<int> runs{0};
  {
    TaskPool pool(0);
    pool.submit([&runs] { ++runs; });
  }
  CHECK(runs == 0);
}

TEST_SUITE_END();
