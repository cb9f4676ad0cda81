// First failure: what several threads of one operation stop for.
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string_view>

#include "dbsnap/context.hpp"

namespace dbsnap {

/// Stops every thread of a run at the first failure, and keeps that failure.
class FirstFailure {
 public:
  /// `outer` is borrowed.
  explicit FirstFailure(const Context& outer)
      : inner_(outer), on_outer_stop_(outer.stop, [this] { stop_.request_stop(); }) {
    inner_.stop = stop_.get_token();
    if (!outer.log) return;
    inner_.log = [this, &outer](LogLevel level, std::string_view text) {
      const std::scoped_lock lock(log_mutex_);
      outer.log(level, text);
    };
  }
  FirstFailure(const FirstFailure&) = delete;
  FirstFailure& operator=(const FirstFailure&) = delete;

  /// The caller's context, stopped also when one of the threads fails, and logging for one thread at a time.
  [[nodiscard]] const Context& context() const noexcept { return inner_; }

  /// Runs `work`, whose failure stops the others.
  void guard(const std::function<void()>& work) {
    try {
      work();
    } catch (...) {
      {
        const std::scoped_lock lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
      }
      stop_.request_stop();
    }
  }
  /// Called when no thread is in guard() any more.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  Context inner_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> on_outer_stop_;
  std::mutex log_mutex_;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace dbsnap
