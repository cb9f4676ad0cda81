// Writers that sleep at any step while a prune comes and goes, and wake up afterwards.
#include <doctest/doctest.h>

#include <csignal>

#include "chaos/chaos_world.hpp"

namespace dbsnap::testing {
namespace {

const Settings kNextOfSource1 = {"source=1", "changes=7"};

Settings with(Settings settings, const Settings& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

/// Stops a writer at call `at`, lets `meanwhile` happen, and continues it. False when it ended before that call.
template <typename Meanwhile>
bool stop_and_continue(ChaosWorld& world, const Settings& writer, const Meanwhile& meanwhile) {
  ChildProcess actor = world.start("writer", writer);
  const bool stopped = await_stop(actor);
  if (stopped) {
    meanwhile();
    world.check_holds();
    actor.kill(SIGCONT);
  }
  const ExitStatus status = world.finish(actor);
  INFO(actor.err());
  CHECK(status.code == 0);
  return stopped;
}

TEST_CASE("a writer that sleeps at any call while a prune takes its parent's data commits a whole snapshot") {
  const ChaosWorld original;
  std::uint64_t fenced = 0;
  std::uint64_t packs = 0;
  for (const char* const when : {"after=0", "after=1"}) {
    for (int at = 1;; ++at) {
      CAPTURE(when);
      CAPTURE(at);
      ChaosWorld world(original);
      const auto prune = [&] {
        world.forget_all();
        CHECK(world.run("pruner", {"patience_ms=10"}).code == 0);
      };
      const Settings writer = with(kNextOfSource1, {"do=stop", "at=" + std::to_string(at), when});
      const bool stopped = stop_and_continue(world, writer, prune);
      world.check_prunes_clean();
      CHECK(world.repository().snapshots({}, {}).size() == world.kept());
      fenced += world.fenced;
      packs += world.packs_removed;
      if (!stopped) break;
    }
  }
  // The prunes did meet sleeping sessions, and had something to remove.
  CHECK(fenced > 0);
  CHECK(packs > 0);
}

// The clocks are those that the library is handed: nothing else in it reads the time of day.
TEST_CASE("clocks that are ten years apart change nothing for sleeping writers and prunes") {
  const ChaosWorld original;
  for (const char* const years : {"years=10", "years=-10"}) {
    const Settings other = {std::string(years) == "years=10" ? "years=-10" : "years=10", "patience_ms=10", "keep=1"};
    for (int at = 2;; at += 6) {
      CAPTURE(years);
      CAPTURE(at);
      ChaosWorld world(original);
      const Settings writer = with(kNextOfSource1, {"do=stop", "at=" + std::to_string(at), years});
      const bool stopped = stop_and_continue(world, writer, [&] { CHECK(world.run("pruner", other).code == 0); });
      world.check_prunes_clean();
      if (!stopped) break;
    }
  }
}

TEST_CASE("a pruner that sleeps at any call while another prunes and writers commit removes nothing that is needed") {
  const ChaosWorld original;
  for (int at = 1;; at += 2) {
    CAPTURE(at);
    ChaosWorld world(original);
    ChildProcess sleeper = world.start("pruner", {"do=stop", "at=" + std::to_string(at), "patience_ms=10"});
    const bool stopped = await_stop(sleeper);
    if (stopped) {
      CHECK(world.run("writer", kNextOfSource1).code == 0);
      CHECK(world.run("pruner", {"patience_ms=10"}).code == 0);
      CHECK(world.run("writer", {"source=2", "changes=3"}).code == 0);
      CHECK(world.run("pruner", {"patience_ms=10"}).code == 0);
      sleeper.kill(SIGCONT);
    }
    world.finish(sleeper);
    world.check_prunes_clean();
    if (!stopped) break;
  }
}

TEST_CASE("a writer that begins while a pruner sleeps, and sleeps when that goes on, commits a whole snapshot") {
  const ChaosWorld original;
  std::uint64_t fenced = 0;
  bool pruner_stopped = true;
  for (int at = 1; pruner_stopped; at += 2) {
    for (const int writer_at : {8, 14, 17}) {
      CAPTURE(at);
      CAPTURE(writer_at);
      ChaosWorld world(original);
      ChildProcess pruner = world.start("pruner", {"do=stop", "at=" + std::to_string(at), "patience_ms=10", "keep=1"});
      pruner_stopped = await_stop(pruner);
      const Settings settings = with(kNextOfSource1, {"do=stop", "at=" + std::to_string(writer_at)});
      stop_and_continue(world, settings, [&] {
        world.forget_all();
        pruner.kill(SIGCONT);
        world.finish(pruner);
      });
      world.check_prunes_clean();
      CHECK(world.repository().snapshots({}, {}).size() == world.kept());
      fenced += world.fenced;
    }
  }
  CHECK(fenced > 0);
}

}  // namespace
}  // namespace dbsnap::testing
