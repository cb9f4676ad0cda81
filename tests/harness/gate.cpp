#include "harness/gate.hpp"

#include <chrono>
#include <stdexcept>

namespace dbsnap::testing {
using namespace std::chrono_literals;

void Gate::pass(const Context& context) {
  std::unique_lock lock(mutex_);
  ++arrivals_;
  changed_.notify_all();
  while (!open_) {
    context.check();
    changed_.wait_for(lock, 5ms);
  }
}

void Gate::open() {
  const std::scoped_lock lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

void Gate::await_arrivals(std::uint64_t count) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, 60s, [&] { return arrivals_ >= count; })) {
    throw std::runtime_error("nothing arrived at the gate within 60 s");
  }
}

}  // namespace dbsnap::testing
