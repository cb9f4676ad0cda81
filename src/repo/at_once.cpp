#include "repo/at_once.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "repo/first_failure.hpp"

namespace dbsnap {

void at_once(std::size_t count, unsigned threads, const std::function<void(std::size_t, const Context&)>& work,
             const Context& context) {
  FirstFailure failure(context);
  std::atomic<std::size_t> next = 0;
  const auto work_on = [&] {
    failure.guard([&] {
      for (std::size_t i = next++; i < count; i = next++) {
        failure.context().check();
        work(i, failure.context());
      }
    });
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t wanted = std::min<std::size_t>(count, std::max(1U, threads));
    for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(work_on);
    work_on();
  }
  failure.rethrow();
}

}  // namespace dbsnap
