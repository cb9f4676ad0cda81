// A failure at every single call of the store, of every operation: what was there holds, and the operation can be
// done again.
#include <doctest/doctest.h>

#include <algorithm>

#include "dbsnap/error.hpp"
#include "dbsnap/sinks/memory.hpp"
#include "fault/fault_world.hpp"
#include "harness/error_code.hpp"

namespace dbsnap::testing {
namespace {

std::string oldest_of(const FaultWorld& world) { return world.listed().back(); }

PruneReport prune_to_newest(FaultWorld& world) {
  Repository repository = world.repository();
  KeepRules rules;
  rules.last = 1;
  const auto policy = make_keep_policy(rules);
  const PrunePlan plan = repository.plan_prune(*policy, {}, world.context());
  return repository.apply(plan, {.discard_unfinished = true}, world.context());
}

/// Three snapshots of which the newest shares nothing with the others, and one that died: a prune has
/// packs to remove and a session to fence.
FaultWorld prunable_world(std::uint64_t seed) {
  FaultWorld world(seed, 2);
  world.replace_source(seed + 500);
  world.snapshot();
  world.die_in_snapshot();
  return world;
}

/// The codes that fault_modes() injects: an operation must not turn them into something else.
void check_code(const std::optional<Error>& error) {
  if (!error) return;
  CAPTURE(error->message());
  const ErrorCode code = error->code();
  const bool injected =
      code == ErrorCode::io || code == ErrorCode::storage_unreachable || code == ErrorCode::access_refused;
  CHECK(injected);
}

TEST_CASE("creating a repository fails whole or not at all") {
  for (const FaultMode& mode : fault_modes()) {
    CAPTURE(mode.name);
    bool met = true;
    for (std::uint64_t n = 0; met; ++n) {
      CAPTURE(n);
      const auto sink = std::make_shared<FaultSink>(make_memory_sink());
      SinkFault fault = mode.fault;
      fault.after = n;
      sink->inject(fault);
      const auto first = code_of([&] { Repository::create(sink, small_sizes(), {}); });
      met = sink->fired();
      CHECK(first.has_value() == met);
      sink->heal();
      const auto second = code_of([&] { Repository::create(sink, small_sizes(), {}); });
      const bool allowed = !second || second == ErrorCode::already_exists;
      CHECK(allowed);
      CHECK(Repository::open(sink, {}, {}).snapshots({}, {}).empty());
    }
  }
}

TEST_CASE("a store that fails at any call of a snapshot harms no older snapshot, and the next one succeeds") {
  FaultWorld start(11);
  start.change_source();
  at_every_call(
      start, [](FaultWorld& world) { world.snapshot(); },
      [](FaultWorld& world, const std::optional<Error>& error) {
        check_code(error);
        CHECK(world.source->counters().sessions_open == 0);
        world.check_holds();
        world.change_source();
        const std::string id = world.snapshot();
        CHECK((world.restored(id) == world.source->data().value()));
      });
}

TEST_CASE("a store that fails at any call of a snapshot by several threads harms no older snapshot") {
  FaultWorld start(12, 1);
  start.change_source();
  at_every_call(
      start, [](FaultWorld& world) { world.snapshot(3); },
      [](FaultWorld& world, const std::optional<Error>& error) {
        check_code(error);
        world.check_holds();
      });
}

TEST_CASE("a store that fails at any call of a restore leaves the target as it was") {
  const FaultWorld start(13);
  const SyntheticData standing = make_data(99, small_shape());
  at_every_call(
      start,
      [&](FaultWorld& world) {
        SyntheticEngine target(standing, "target");
        const std::string id = start.listed().front();
        try {
          world.repository().restore(id, target, {.overwrite = true}, 2, world.context());
        } catch (const Error&) {
          CHECK((target.place().data() == standing));
          throw;
        }
        CHECK((target.place().data() == start.recorded.at(id)));
      },
      [](FaultWorld& world, const std::optional<Error>& error) {
        check_code(error);
        world.check_holds();
      });
}

TEST_CASE("a store that fails at any call of a verify is no damage, and marks none") {
  const FaultWorld start(14);
  at_every_call(
      start,
      [](FaultWorld& world) {
        const VerifyReport report = world.repository().verify({.threads = 1}, world.context());
        CHECK(report.ok());
      },
      [](FaultWorld& world, const std::optional<Error>& error) {
        check_code(error);
        world.check_holds();
      });
}

TEST_CASE("a store that fails at any call of a forget leaves the snapshot whole or gone") {
  FaultWorld start(15, 3);
  const std::string victim = oldest_of(start);
  start.allow_gone(victim);
  at_every_call(
      start, [&](FaultWorld& world) { world.repository().forget({victim}, world.context()); },
      [&](FaultWorld& world, const std::optional<Error>& error) {
        check_code(error);
        world.check_holds();
        const auto again = code_of([&] { world.repository().forget({victim}, world.context()); });
        const bool allowed = !again || again == ErrorCode::not_found;
        CHECK(allowed);
        CHECK(std::ranges::count(world.listed(), victim) == 0);
        world.check_holds();
      });
}

TEST_CASE("a store that fails at any call of a prune harms nothing that is kept, and the next prune does the rest") {
  FaultWorld start = prunable_world(16);
  FaultWorld unharmed(start);
  const PruneReport report = prune_to_newest(unharmed);
  CHECK(report.snapshots_removed == 2);
  CHECK(report.packs_removed > 2);
  const auto ids = start.listed();
  for (std::size_t n = 1; n < ids.size(); ++n) start.allow_gone(ids[n]);
  at_every_call(
      start, [](FaultWorld& world) { prune_to_newest(world); },
      [](FaultWorld& world, const std::optional<Error>& error) {
        check_code(error);
        world.check_holds();
        prune_to_newest(world);
        CHECK(world.listed().size() == 1);
        CHECK(world.repository().stats(world.context()).unreferenced_bytes == 0);
        world.check_holds();
      });
}

TEST_CASE("a store that fails at any call of pin and unpin harms nothing") {
  const FaultWorld start(17, 1);
  at_every_call(
      start,
      [&](FaultWorld& world) {
        world.repository().pin(start.listed().front(), world.context());
        world.repository().unpin(start.listed().front(), world.context());
      },
      [](FaultWorld& world, const std::optional<Error>& error) {
        check_code(error);
        world.check_holds();
      });
}

/// Prunes to the newest with listings that end in silence after `shown` objects, either while
/// the prune is planned or while it is carried out.
std::optional<ErrorCode> prune_with_short_listings(FaultWorld& world, std::size_t shown, bool while_planned) {
  Repository repository = world.repository();
  KeepRules rules;
  rules.last = 1;
  if (while_planned) world.sink->show_only(shown);
  const PrunePlan plan = repository.plan_prune(*make_keep_policy(rules), {}, world.context());
  world.sink->heal();
  if (!while_planned) world.sink->show_only(shown);
  return code_of([&] { repository.apply(plan, {.discard_unfinished = true}, world.context()); });
}

TEST_CASE("a listing that ends early in silence never makes a prune remove what is needed") {
  const FaultWorld start = prunable_world(18);
  const std::size_t objects = keys_of(*start.store).size();
  for (const bool while_planned : {true, false}) {
    for (std::size_t shown = 0; shown <= objects; ++shown) {
      CAPTURE(while_planned);
      CAPTURE(shown);
      FaultWorld world(start);
      const auto ids = world.listed();
      const auto code = prune_with_short_listings(world, shown, while_planned);
      const bool allowed = !code || code == ErrorCode::locked;
      CHECK(allowed);
      for (std::size_t n = 1; n < ids.size(); ++n) world.allow_gone(ids[n]);
      world.check_holds();
    }
  }
}

TEST_CASE("a disk that is full after any number of puts fails the snapshot and takes the next one when there is room") {
  FaultWorld start(19, 1);
  start.change_source();
  for (std::uint64_t room = 0;; ++room) {
    CAPTURE(room);
    FaultWorld world(start);
    world.sink->fail_put_after(room, ErrorCode::no_space);
    const auto code = code_of([&] { world.snapshot(); });
    if (!world.sink->fired()) {
      CHECK_FALSE(code.has_value());
      break;
    }
    CHECK(code == ErrorCode::no_space);
    CHECK(world.listed().size() == 1);
    world.check_holds();
    world.snapshot();
    world.check_holds();
  }
}

}  // namespace
}  // namespace dbsnap::testing
