// Writers and pruners that are killed at any call of the store.
#include <doctest/doctest.h>

#include <csignal>

#include "chaos/chaos_world.hpp"

namespace dbsnap::testing {
namespace {

/// Runs `verb` killed at call 1, 2, …, each time on a copy of `original`, until it ends by itself; `settle` follows.
template <typename Settle>
void kill_at_every_call(const ChaosWorld& original, const std::string& verb, const Settings& settings,
                        const Settle& settle) {
  for (const char* const when : {"after=0", "after=1"}) {
    for (int at = 1;; ++at) {
      CAPTURE(when);
      CAPTURE(at);
      ChaosWorld world(original);
      Settings killed = {"do=kill", "at=" + std::to_string(at), when};
      killed.insert(killed.end(), settings.begin(), settings.end());
      const ExitStatus status = world.run(verb, killed);
      settle(world);
      if (status.code == 0) break;
      REQUIRE(status.signal == SIGKILL);
    }
  }
}

TEST_CASE("a writer that is killed at any call leaves nothing that the next writer and prune do not settle") {
  const ChaosWorld original;
  kill_at_every_call(original, "writer", {"source=1", "changes=7"}, [](ChaosWorld& world) {
    CHECK(world.run("writer", {"source=1", "changes=8"}).code == 0);
    CHECK(world.run("pruner", {"keep=1", "patience_ms=10"}).code == 0);
    world.check_prunes_clean();
    CHECK(world.repository().snapshots({}, {}).size() == 2);
  });
}

TEST_CASE("a pruner that is killed at any call is taken over, also beside a writer that came between") {
  const ChaosWorld original;
  kill_at_every_call(original, "pruner", {"keep=1", "patience_ms=10"}, [](ChaosWorld& world) {
    CHECK(world.run("writer", {"source=1", "changes=7"}).code == 0);
    CHECK(world.run("pruner", {"keep=1", "patience_ms=10"}).code == 0);
    world.check_prunes_clean();
    CHECK(world.repository().snapshots({}, {}).size() == 2);
  });
}

}  // namespace
}  // namespace dbsnap::testing
