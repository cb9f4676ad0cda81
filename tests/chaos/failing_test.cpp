// Stores that are full, that fail, and that list less than they hold.
#include <doctest/doctest.h>

#include "chaos/chaos_world.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap::testing {
namespace {

TEST_CASE("a store that is full or fails at any write of a snapshot or a prune hurts nothing") {
  const ChaosWorld original;
  const std::vector<std::pair<std::string, Settings>> actors = {{"writer", {"source=1", "changes=7"}},
                                                                {"pruner", {"keep=1", "patience_ms=10"}}};
  const std::vector<Settings> faults = {{"do=no_space", "later=1"}, {"do=no_space"}, {"do=io", "after=1"}};
  for (const auto& [verb, settings] : actors) {
    for (const Settings& fault : faults) {
      for (int at = 1;; ++at) {
        CAPTURE(verb);
        CAPTURE(fault.front());
        CAPTURE(at);
        ChaosWorld world(original);
        Settings failing = {"writes=1", "at=" + std::to_string(at)};
        failing.insert(failing.end(), settings.begin(), settings.end());
        failing.insert(failing.end(), fault.begin(), fault.end());
        const ExitStatus status = world.run(verb, failing);
        CHECK(status.signal == 0);
        world.check_holds();
        world.check_prunes_clean();
        if (status.code == 0) break;
        CHECK(status.code == static_cast<int>(fault.front() == "do=io" ? ErrorCode::io : ErrorCode::no_space));
      }
    }
  }
}

TEST_CASE("a prune whose listings show nothing, half or fail removes nothing that a snapshot needs") {
  const ChaosWorld original;
  for (const char* const shows : {"list=nothing", "list=half", "list=fail"}) {
    for (const char* const later : {"list_later=0", "list_later=1"}) {
      for (int at = 1; at <= 40; ++at) {
        CAPTURE(shows);
        CAPTURE(later);
        CAPTURE(at);
        ChaosWorld world(original);
        const ExitStatus status =
            world.run("pruner", {"keep=1", "patience_ms=10", shows, later, "list_at=" + std::to_string(at)});
        CHECK(status.signal == 0);
        world.check_prunes_clean();
      }
    }
  }
}

TEST_CASE("a writer whose listings show nothing, half or fail commits a whole snapshot or none") {
  const ChaosWorld original;
  for (const char* const shows : {"list=nothing", "list=half", "list=fail"}) {
    for (int at = 1; at <= 6; ++at) {
      CAPTURE(shows);
      CAPTURE(at);
      ChaosWorld world(original);
      const ExitStatus status = world.run("writer", {"source=1", "changes=7", shows, "list_at=" + std::to_string(at)});
      CHECK(status.signal == 0);
      world.check_prunes_clean();
    }
  }
}

}  // namespace
}  // namespace dbsnap::testing
