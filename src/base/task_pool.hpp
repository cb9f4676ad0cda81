// Threads that compute, and waiting that helps.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace dbsnap {

/// One piece of work handed to a TaskPool. Kept alive by whoever waits for it.
class Task {
 public:
  explicit Task(std::function<void()> work) : work_(std::move(work)) {}

 private:
  friend class TaskPool;
  std::function<void()> work_;
  bool done_ = false;
  std::exception_ptr failure_;
};
using TaskHandle = std::shared_ptr<Task>;

/// Runs tasks in the order they were submitted. A thread that waits runs queued tasks meanwhile, so
/// a pool of no workers is complete: everything then runs on the threads that wait. Tasks must not
/// wait for tasks. Bounding the queue is the submitter's part: it keeps its handles and waits.
class TaskPool {
 public:
  explicit TaskPool(unsigned workers);
  /// Finishes running tasks, drops queued ones.
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  [[nodiscard]] unsigned workers() const noexcept { return static_cast<unsigned>(threads_.size()); }
  TaskHandle submit(std::function<void()> work);
  /// Returns when `task` has run; rethrows what it threw.
  void wait(const TaskHandle& task);
  [[nodiscard]] bool is_done(const TaskHandle& task) const;

 private:
  void work(const std::stop_token& stop);
  /// Runs the oldest queued task with `lock` released meanwhile; false when there is none.
  bool run_one(std::unique_lock<std::mutex>& lock);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<TaskHandle> queue_;
  std::vector<std::jthread> threads_;
};

/// `requested`, or the number of cores when it is 0.
unsigned thread_count(unsigned requested) noexcept;

}  // namespace dbsnap
