// Eight writers and two pruners on one repository, with random stops and kills.
// DBSNAP_CHAOS_RUNS says how many runs, DBSNAP_CHAOS_SEED where to begin.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "chaos/chaos_world.hpp"
#include "dbsnap/error.hpp"
#include "harness/random_data.hpp"

namespace dbsnap::testing {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

struct Totals {
  std::uint64_t committed = 0;
  std::uint64_t fenced = 0;
  std::uint64_t packs_removed = 0;
  std::uint64_t kills = 0;  ///< processes that were killed
  std::uint64_t stops = 0;  ///< signals sent
  std::uint64_t failures = 0;
};

std::string setting(const std::string& name, std::uint64_t value) { return name + "=" + std::to_string(value); }

/// Some are killed, and some stop, at a call of their own; all others meet what `disturb` does.
Settings random_fault(Random& random) {
  const std::uint64_t dice = random.below(6);
  if (dice > 1) return {};
  return {dice == 0 ? "do=kill" : "do=stop", setting("at", 1 + random.below(60)), setting("after", random.below(2))};
}

std::vector<ChildProcess> start_all(const ChaosWorld& world, Random& random) {
  std::vector<ChildProcess> actors;
  for (std::uint64_t n = 0; n < 8; ++n) {
    Settings settings = random_fault(random);
    const Settings own = {setting("source", 1 + n % 3), setting("changes", 7 + random.below(8)), "count=3"};
    settings.insert(settings.end(), own.begin(), own.end());
    actors.push_back(world.start("writer", settings));
  }
  for (int n = 0; n < 2; ++n) {
    Settings settings = random_fault(random);
    const Settings own = {setting("keep", 1 + random.below(3)), "count=3",
                          setting("patience_ms", 20 + random.below(150))};
    settings.insert(settings.end(), own.begin(), own.end());
    actors.push_back(world.start("pruner", settings));
  }
  return actors;
}

/// Stops, continues and kills at random moments; at the end nobody sleeps.
void disturb(std::vector<ChildProcess>& actors, Random& random, Totals& totals) {
  for (int n = 0; n < 40; ++n) {
    ChildProcess& actor = actors[random.below(actors.size())];
    const std::uint64_t dice = random.below(20);
    totals.stops += dice >= 1 && dice < 9 ? 1 : 0;
    actor.kill(dice == 0 ? SIGKILL : dice < 9 ? SIGSTOP : SIGCONT);
    std::this_thread::sleep_for(std::chrono::milliseconds(random.below(20)));
  }
}

void run_once(const ChaosWorld& original, std::uint64_t seed, Totals& totals) {
  Random random(seed);
  ChaosWorld world(original);
  std::vector<ChildProcess> actors = start_all(world, random);
  disturb(actors, random, totals);
  for (ChildProcess& actor : actors) {
    // One that stops itself later is continued as well.
    while (!actor.wait(std::chrono::milliseconds(20))) actor.kill(SIGCONT);
    const ExitStatus status = world.finish(actor);
    INFO(actor.err());
    totals.kills += status.signal == SIGKILL ? 1 : 0;
    totals.failures += status.code > 0 ? 1 : 0;
    // Fenced time and again, a writer gives up; nothing else may stop anybody.
    const bool expected =
        status.code == 0 || status.signal == SIGKILL || status.code == static_cast<int>(ErrorCode::locked);
    CHECK(expected);
  }
  world.check_holds();
  world.check_prunes_clean();
  totals.committed += world.committed.size() - original.committed.size();
  totals.fenced += world.fenced;
  totals.packs_removed += world.packs_removed;
}

TEST_CASE("eight writers and two pruners that are stopped and killed at random lose no snapshot") {
  const std::uint64_t runs = number_from("DBSNAP_CHAOS_RUNS", 4);
  const std::uint64_t first = number_from(
      "DBSNAP_CHAOS_SEED", static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()));
  const ChaosWorld original;
  Totals totals;
  for (std::uint64_t run = 0; run < runs; ++run) {
    INFO("repeat with DBSNAP_CHAOS_RUNS=1 DBSNAP_CHAOS_SEED=" << first + run);
    run_once(original, first + run, totals);
  }
  MESSAGE("runs " << runs << ", first seed " << first << ", snapshots committed " << totals.committed << ", fenced "
                  << totals.fenced << ", packs removed " << totals.packs_removed << ", kills " << totals.kills
                  << ", stops " << totals.stops << ", failures " << totals.failures);
  CHECK(totals.committed > 0);
}

}  // namespace
}  // namespace dbsnap::testing
