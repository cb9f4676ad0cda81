// The sink contract under threads and processes.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <csignal>
#include <mutex>
#include <thread>
#include <vector>

#include "conformance/sink_checks.hpp"
#include "conformance/sink_conformance.hpp"
#include "harness/process.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

constexpr unsigned kThreads = 8;

/// Runs `work(n)` on kThreads threads that start together; the texts of their exceptions.
template <typename Work>
std::vector<std::string> on_threads(Work work) {
  std::vector<std::string> failures;
  std::mutex mutex;
  std::barrier start(kThreads);
  {
    std::vector<std::jthread> crew;
    for (unsigned n = 0; n < kThreads; ++n) {
      crew.emplace_back([&, n] {
        start.arrive_and_wait();
        try {
          work(n);
        } catch (const std::exception& error) {
          const std::scoped_lock lock(mutex);
          failures.emplace_back(error.what());
        }
      });
    }
  }
  return failures;
}

/// True when `bytes` is one of the whole objects that uniform_object() makes.
bool is_uniform_object(const Bytes& bytes) {
  if (bytes.empty()) return false;
  const auto mark = static_cast<std::size_t>(bytes[0]);
  if (bytes.size() != 10'000 + mark * 3'001) return false;
  return bytes == Bytes(bytes.size(), bytes[0]);
}

Bytes uniform_object(unsigned mark) { return Bytes(10'000 + mark * 3'001, static_cast<std::byte>(mark)); }

void readers_never_see_half(const Store& store) {
  store.put("hot", uniform_object(0));
  std::atomic<bool> halves{false};
  const auto failures = on_threads([&](unsigned n) {
    for (unsigned round = 0; round < 60; ++round) {
      if (n == 0) {
        store.put("hot", uniform_object(round));
      } else if (!is_uniform_object(store.get("hot"))) {
        halves = true;
      }
    }
  });
  CHECK(failures == std::vector<std::string>{});
  CHECK_FALSE(halves);
}

void one_thread_wins(const Store& store) {
  for (unsigned round = 0; round < 25; ++round) {
    CAPTURE(round);
    const std::string key = "race/" + std::to_string(round);
    std::atomic<unsigned> winners{0};
    std::atomic<unsigned> winner{kThreads};
    const auto failures = on_threads([&](unsigned n) {
      if (store.put_if_absent(key, uniform_object(n)) != PutResult::stored) return;
      ++winners;
      winner = n;
    });
    CHECK(failures == std::vector<std::string>{});
    CHECK(winners == 1);
    CHECK(store.get(key) == uniform_object(winner));
  }
}

void one_process_wins(const SinkSubject& subject, Sink& sink) {
  constexpr unsigned kRounds = 20;
  std::vector<ChildProcess> children;
  for (unsigned n = 0; n < 4; ++n) {
    children.push_back(ChildProcess::fork([&] {
      const auto own = subject.open_again(sink);
      const Store store{*own};
      std::string won;
      for (unsigned round = 0; round < kRounds; ++round) {
        const std::string key = "process/" + std::to_string(round);
        if (store.put_if_absent(key, uniform_object(n)) == PutResult::stored) won += "<" + key + ">";
      }
      return ::write(STDOUT_FILENO, won.data(), won.size()) == static_cast<ssize_t>(won.size()) ? 0 : 1;
    }));
  }
  for (ChildProcess& child : children) {
    const auto status = child.wait();
    REQUIRE(status.has_value());
    INFO(child.err());
    REQUIRE(status->code == 0);
  }
  for (unsigned round = 0; round < kRounds; ++round) {
    const std::string key = "process/" + std::to_string(round);
    CAPTURE(key);
    unsigned winners = 0;
    for (unsigned n = 0; n < children.size(); ++n) {
      if (children[n].out().find("<" + key + ">") == std::string::npos) continue;
      ++winners;
      CHECK(Store{sink}.get(key) == uniform_object(n));
    }
    CHECK(winners == 1);
  }
}

constexpr std::size_t kSlowObject = 6 * 1024 * 1024;

void killed_put_leaves_nothing_half(const SinkSubject& subject, Sink& sink) {
  Random random(9);
  for (unsigned round = 0; round < 10; ++round) {
    ChildProcess child = ChildProcess::fork([&] {
      const auto own = subject.open_again(sink);
      for (unsigned n = 0;; ++n) {
        const Bytes bytes(kSlowObject + n, static_cast<std::byte>(n));
        own->put("killed/" + std::to_string(round) + "-" + std::to_string(n), bytes,
                 {.if_absent = n % 2 == 0 && !subject.refuses_if_absent}, {});
        if (::write(STDOUT_FILENO, ".", 1) != 1) return 1;
      }
    });
    // Killed at an arbitrary moment of its second put or a later one.
    REQUIRE(child.await_output("."));
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(50'000)));
    child.kill(SIGKILL);
    REQUIRE(child.wait().has_value());
  }
  const Store store{sink};
  const auto listing = store.list();
  CHECK(listing.sizes.size() >= 10);
  for (const auto& [key, size] : listing.sizes) {
    CAPTURE(key);
    const auto mark = std::stoul(key.substr(key.find('-') + 1));
    CHECK((store.get(key) == Bytes(kSlowObject + mark, static_cast<std::byte>(mark))));
    CHECK(size == kSlowObject + mark);
    if (!subject.refuses_if_absent) CHECK(store.put_if_absent(key, {}) == PutResult::already_exists);
  }
}

void standing_objects_stay_listed(const Store& store) {
  for (unsigned n = 0; n < 100; ++n) store.put("mix/standing-" + std::to_string(n), {});
  std::atomic<bool> missed{false};
  const auto failures = on_threads([&](unsigned thread) {
    for (unsigned round = 0; round < 15; ++round) {
      if (thread % 2 == 0) {
        const std::string key = "mix/" + std::to_string(thread) + "-" + std::to_string(round);
        store.put(key, {});
        store.remove(key);
        continue;
      }
      const auto listing = store.list("mix/standing-");
      if (listing.shown.size() != 100) missed = true;
      for (const auto& [key, times] : listing.shown) {
        if (times != 1) missed = true;
      }
    }
  });
  CHECK(failures == std::vector<std::string>{});
  CHECK_FALSE(missed);
}

void threads_share_a_new_folder(const Store& store) {
  const auto failures = on_threads([&](unsigned n) {
    for (unsigned round = 0; round < 10; ++round) {
      store.put("new/" + std::to_string(round) + "/" + std::to_string(n), uniform_object(n));
    }
  });
  CHECK(failures == std::vector<std::string>{});
  CHECK(store.list("new/").shown.size() == 10 * kThreads);
}

void threads_remove_the_same(const Store& store) {
  for (unsigned n = 0; n < 50; ++n) store.put("gone/" + std::to_string(n), {});
  const auto failures = on_threads([&](unsigned) {
    for (unsigned n = 0; n < 50; ++n) store.remove("gone/" + std::to_string(n));
  });
  CHECK(failures == std::vector<std::string>{});
  CHECK(store.keys("gone/").empty());
}

}  // namespace

void check_sink_concurrency(const SinkSubject& subject) {
  const auto sink = subject.make_empty();
  const Store store{*sink};
  const bool knows_if_absent = sink->capabilities().if_absent && !subject.refuses_if_absent;

  SUBCASE("a reader sees the old object or the new one, never a mixture") { readers_never_see_half(store); }
  SUBCASE("of many threads that create one key exactly one does") {
    if (knows_if_absent) one_thread_wins(store);
  }
  SUBCASE("of several processes that create one key exactly one does") {
    if (subject.open_again && knows_if_absent) one_process_wins(subject, *sink);
  }
  SUBCASE("a put that is killed leaves the whole object or none") {
    if (subject.open_again) killed_put_leaves_nothing_half(subject, *sink);
  }
  SUBCASE("objects that stay are listed once while others come and go") { standing_objects_stay_listed(store); }
  SUBCASE("many threads put under prefixes that are new") { threads_share_a_new_folder(store); }
  SUBCASE("many threads remove the same objects") { threads_remove_the_same(store); }
}

}  // namespace dbsnap::testing
