#include "base/task_pool.hpp"

#include <algorithm>
#include <utility>

namespace dbsnap {

TaskPool::TaskPool(unsigned workers) {
  threads_.reserve(workers);
  for (unsigned i = 0; i < workers; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

TaskPool::~TaskPool() {
  {
    const std::scoped_lock lock(mutex_);
    queue_.clear();
  }
  for (auto& thread : threads_) thread.request_stop();
}

TaskHandle TaskPool::submit(std::function<void()> work) {
  auto task = std::make_shared<Task>(std::move(work));
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back(task);
  }
  changed_.notify_one();
  return task;
}

void TaskPool::wait(const TaskHandle& task) {
  std::unique_lock lock(mutex_);
  while (!task->done_) {
    if (!run_one(lock)) changed_.wait(lock, [&] { return task->done_ || !queue_.empty(); });
  }
  if (task->failure_) std::rethrow_exception(task->failure_);
}

bool TaskPool::is_done(const TaskHandle& task) const {
  const std::scoped_lock lock(mutex_);
  return task->done_;
}

void TaskPool::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !queue_.empty(); })) run_one(lock);
}

bool TaskPool::run_one(std::unique_lock<std::mutex>& lock) {
  if (queue_.empty()) return false;
  const TaskHandle task = std::move(queue_.front());
  queue_.pop_front();
  lock.unlock();
  std::exception_ptr failure;
  try {
    task->work_();
  } catch (...) {
    failure = std::current_exception();
  }
  // What the work holds on to is released here, not when the last handle goes.
  task->work_ = nullptr;
  lock.lock();
  task->failure_ = failure;
  task->done_ = true;
  changed_.notify_all();
  return true;
}

unsigned thread_count(unsigned requested) noexcept {
  return requested != 0 ? requested : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace dbsnap
