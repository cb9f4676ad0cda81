// A gate that a stalled operation waits at, so that tests need no sleeps.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "dbsnap/context.hpp"

namespace dbsnap::testing {

/// Closed at first. Operations wait in pass() until the test opens it or their context wants no more work.
class Gate {
 public:
  /// Throws what context.check() throws when the caller gives up first.
  void pass(const Context& context);
  void open();
  /// Blocks until `count` calls of pass() have begun. Throws std::runtime_error after 60 s without them.
  void await_arrivals(std::uint64_t count = 1);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t arrivals_ = 0;
  bool open_ = false;
};

}  // namespace dbsnap::testing
