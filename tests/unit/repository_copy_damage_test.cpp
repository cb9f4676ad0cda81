// Copies out of and into repositories that are damaged or being pruned.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "copy_world.hpp"

namespace dbsnap::testing {
namespace {

/// Changes one byte of every frame in the packs that only snapshot `id` of the source needs.
void damage(CopyWorld& world, const std::string& id) {
  const auto packs_of = [&](const std::string& snapshot) {
    std::set<std::string> keys;
    for (const PackInfo& pack : world.from.repository.manifest(snapshot, world.context()).packs) keys.insert(pack.key);
    return keys;
  };
  std::set<std::string> own = packs_of(id);
  for (const std::string& other : world.from.ids_in_order) {
    if (other == id) continue;
    for (const std::string& key : packs_of(other)) own.erase(key);
  }
  REQUIRE_FALSE(own.empty());
  for (const std::string& key : own) {
    Bytes bytes = world.from.memory->get(key, {}, {});
    for (std::size_t at = 200; at < bytes.size() - 200; at += 500) bytes[at] ^= std::byte{1};
    world.from.memory->put(key, bytes, {}, {});
  }
}

TEST_CASE("a snapshot that is damaged in the source is named, and the others are copied") {
  CopyWorld world(1);
  const std::string bad = world.from.grow_anew();
  world.from.grow_anew();
  damage(world, bad);
  const CopyReport report = world.copy();
  CHECK_FALSE(report.ok());
  CHECK(summed_up(report) == "copied 2, failed 1");
  const auto failed = std::ranges::find(report.snapshots, SnapshotCopy::State::failed, &SnapshotCopy::state);
  CHECK(failed->snapshot.id == bad);
  REQUIRE(failed->failure.has_value());
  CHECK(failed->failure->code() == ErrorCode::damaged);
  CHECK(failed->failure->message().find(bad) != std::string::npos);
  world.check_copies();
  CHECK(world.to.plan({}).unfinished.empty());
}

TEST_CASE("a manifest that cannot be read fails its snapshot alone") {
  CopyWorld world(2);
  const std::string key = world.from.keys("snapshots/").front();
  Bytes bytes = world.from.memory->get(key, {}, {});
  bytes.back() ^= std::byte{1};
  world.from.memory->put(key, bytes, {}, {});
  CHECK(summed_up(world.copy()) == "copied 1, failed 1");
  world.check_copies();
}

TEST_CASE("a copy that is damaged in the target is made once more, and reads what was lost") {
  CopyWorld world(1, small_parts("source"), small_parts("target"));
  world.copy();
  const auto packs = world.to.keys("packs/");
  world.to.memory->remove(packs.front(), {});
  CHECK_FALSE(world.to.repository.verify({.level = VerifyLevel::packs}, world.context()).ok());
  const std::string damaged = world.to.ids().front();
  const CopyReport report = world.copy();
  CHECK(summed_up(report) == "copied 1");
  CHECK(report.snapshots.front().bytes_new < report.snapshots.front().snapshot.size / 2);
  const std::string healed = report.snapshots.front().id;
  CHECK(world.to.repository.resolve(world.from.ids_in_order.front(), {}, world.context()) == healed);
  CHECK((world.to.restored(healed) == world.from.states.at(world.from.ids_in_order.front())));
  CHECK(summed_up(world.copy()) == "present 1");
  world.to.repository.forget({damaged}, world.context());
  world.check_copies();
}

TEST_CASE("a snapshot that comes back from its copy replaces the damaged original") {
  CopyWorld world(1);
  const std::string bad = world.from.grow_anew();
  world.copy();
  damage(world, bad);
  CHECK_FALSE(world.from.repository.verify({}, world.context()).ok());
  const CopyReport report = world.from.repository.copy_from(world.to.repository, {}, world.context());
  CHECK(summed_up(report) == "copied 1, present 1");
  CHECK(
      (world.from.restored(world.from.repository.resolve("latest", {}, world.context())) == world.from.states.at(bad)));
}

TEST_CASE("a snapshot that a prune of the source removes meanwhile is gone, and no failure") {
  CopyWorld world(1);
  const std::string second = world.from.grow_anew();
  const std::string last = world.from.grow_anew();
  // Before its first pack is read.
  const PackInfo pack = world.from.repository.manifest(second, world.context()).packs.front();
  bool done = false;
  world.from.sink->before(SinkCall::get, pack.key, [&] {
    if (std::exchange(done, true)) return;
    Repository pruner = Repository::open(world.from.memory, {}, world.context());
    pruner.forget({second}, world.context());
    pruner.apply(pruner.plan_prune(*make_keep_policy({}), {}, world.context()), {}, world.context());
  });
  CHECK(summed_up(world.copy()) == "copied 2, gone 1");
  CHECK(done);
  CHECK_FALSE(world.copy_of(last).empty());
  CHECK(world.to.plan({}).unfinished.empty());
  world.check_copies();
}

TEST_CASE("a prune of the target that takes a copy for dead makes it commit again") {
  CopyWorld world(1);
  world.copy();
  world.from.grow();
  bool done = false;
  world.to.sink->before(SinkCall::put, "snapshots/", [&] {
    if (std::exchange(done, true)) return;
    Repository pruner = Repository::open(world.to.memory, {}, world.context());
    pruner.apply(pruner.plan_prune(*make_keep_policy({}), {}, world.context()), {.discard_unfinished = true},
                 world.context());
  });
  CHECK(summed_up(world.copy()) == "copied 1, present 1");
  CHECK(done);
  world.check_copies();
  world.to.prune({});
  world.check_copies();
}

TEST_CASE("a prune of the target waits for a copy that is being made") {
  CopyWorld world(1);
  world.copy();
  world.from.grow();
  const auto gate = world.to.sink->stall(SinkCall::put, "snapshots/");
  CopyReport report;
  std::jthread copying([&] { report = world.copy(); });
  gate->await_arrivals();
  Repository other = Repository::open(world.to.memory, {}, world.context());
  const PrunePlan plan = other.plan_prune(*make_keep_policy({.last = 1}), {}, world.context());
  CHECK(plan.unfinished.size() == 1);
  gate->open();
  copying.join();
  CHECK(summed_up(report) == "copied 1, present 1");
  other.apply(plan, {}, world.context());
  world.check_copies();
}

}  // namespace
}  // namespace dbsnap::testing
