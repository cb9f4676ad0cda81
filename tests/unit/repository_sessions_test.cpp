// Prune and snapshots that have not finished: running ones, dead ones, and ones that commit meanwhile.
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "harness/random_data.hpp"
#include "repository_fixture.hpp"
#include "repository_history.hpp"

namespace dbsnap::testing {
namespace {

/// Packs that are there are those that some snapshot needs.
void check_no_orphans(History& history) {
  const auto left = history.keys("packs/");
  CHECK(std::set(left.begin(), left.end()) == history.needed_packs());
}

/// Leaves a session as a killed process does: its packs are there, neither manifest nor tombstone.
void die_in_snapshot(History& history) {
  history.sink->inject({.call = SinkCall::put, .prefix = "snapshots/", .every_later = true});
  history.sink->inject({.call = SinkCall::put, .prefix = "forgotten/", .every_later = true});
  CHECK_THROWS_AS(history.snapshot(history.engine, {.use_parent = false}), Error);
  history.sink->heal();
}

TEST_CASE("a snapshot taken between plan and apply keeps all it needs") {
  History history(4);
  const PrunePlan plan = history.plan({.last = 1});
  history.grow();
  history.repository.apply(plan, {}, history.context());
  history.check_all_restorable();
  check_no_orphans(history);
}

TEST_CASE("a prune waits for the snapshot that is being taken and keeps what it stored") {
  History history(2);
  const auto gate = history.sink->stall(SinkCall::put, "snapshots/");
  history.place->change(77);
  const SyntheticData state = history.place->data().value();
  std::string id;
  history.clock.advance(std::chrono::hours(1));
  std::jthread writer(
      [&] { id = history.repository.snapshot(history.engine, {.host = "web1"}, history.context()).id; });
  gate->await_arrivals();
  Repository pruner = Repository::open(history.memory, {}, history.context());
  const PrunePlan plan = pruner.plan_prune(*make_keep_policy({.last = 1}), {}, history.context());
  REQUIRE(plan.unfinished.size() == 1);
  CHECK(plan.unfinished.front().host == "web1");
  CHECK(plan.unfinished.front().source == "synthetic");
  Context context = history.context();
  std::atomic<bool> waits = false;
  context.log = [&](LogLevel, std::string_view text) {
    if (text.find("waiting for the snapshot of synthetic by host web1") != std::string_view::npos) waits = true;
    gate->open();
  };
  // Patient enough for any machine: the writer goes on as soon as the prune says that it waits.
  const PruneReport report = pruner.apply(plan, {.patience = std::chrono::hours(1)}, context);
  writer.join();
  history.states[id] = state;
  CHECK(waits);
  CHECK(report.fenced == 0);
  CHECK(history.ids() == std::vector{id, history.ids_in_order.back()});
  history.check_all_restorable();
  check_no_orphans(history);
}

TEST_CASE("deltas of a dead session whose bases were forgotten are no base for those of another dead one") {
  Store store;
  ValueEngine engine(Random(81).bytes(1U << 20));
  const auto change = [&](std::byte value) {
    for (std::size_t at = 0; at < engine.content.size(); at += 1'000) engine.content[at] = value;
  };
  const auto die = [&] {
    store.sink->inject({.call = SinkCall::put, .prefix = "snapshots/", .every_later = true});
    store.sink->inject({.call = SinkCall::put, .prefix = "forgotten/", .every_later = true});
    CHECK_THROWS_AS(store.snapshot(engine), Error);
    store.sink->heal();
  };
  const Manifest root = store.snapshot(engine);
  change(std::byte{1});
  store.clock.advance(std::chrono::hours(3));
  die();
  const Manifest used = store.snapshot(engine);
  REQUIRE(used.packs.size() > 1);
  // The host of the second death is some hours behind.
  store.clock.advance(-std::chrono::hours(4));
  change(std::byte{2});
  die();
  store.clock.advance(std::chrono::hours(3));
  store.repository.forget({root.id, used.id}, store.context());

  const Manifest last = store.snapshot(engine);
  store.repository.apply(store.plan({}), {.discard_unfinished = true}, store.context());

  ValueEngine target;
  store.repository.restore(last.id, target, {}, 2, store.context());
  CHECK(target.content == engine.content);
}

TEST_CASE("a prune that must not wait is refused, removes nothing, and names what runs") {
  History history(3);
  const auto gate = history.sink->stall(SinkCall::put, "snapshots/");
  std::jthread writer([&] { history.repository.snapshot(history.engine, {.host = "web1"}, history.context()); });
  gate->await_arrivals();
  Repository pruner = Repository::open(history.memory, {}, history.context());
  const PrunePlan plan = pruner.plan_prune(*make_keep_policy({.last = 1}), {}, history.context());
  const Error error = error_of([&] { pruner.apply(plan, {.wait = false}, history.context()); });
  CHECK(error.code() == ErrorCode::locked);
  CHECK(error.message().find("web1") != std::string::npos);
  CHECK(pruner.snapshots({}, history.context()).size() == 3);
  gate->open();
}

TEST_CASE("a session that died is fenced once the patience is over, and what it stored goes") {
  History history(2);
  history.place->change(78);
  die_in_snapshot(history);
  const PrunePlan plan = history.plan({.last = 2});
  REQUIRE(plan.unfinished.size() == 1);
  ApplyOptions options;
  SUBCASE("after some patience") { options.patience = std::chrono::milliseconds(1); }
  SUBCASE("at once") { options.discard_unfinished = true; }
  SUBCASE("on the word that nothing else runs") { options.exclusive = true; }
  const PruneReport report = history.repository.apply(plan, options, history.context());
  CHECK(report.fenced == 1);
  CHECK(history.plan({}).unfinished.empty());
  CHECK(history.keys("sessions/").size() == 2);
  history.check_all_restorable();
  check_no_orphans(history);
}

TEST_CASE("a writer that was fenced while it slept commits what it stored under another session") {
  History history(2);
  const auto gate = history.sink->stall(SinkCall::put, "snapshots/");
  history.place->change(79);
  const SyntheticData state = history.place->data().value();
  history.clock.advance(std::chrono::hours(1));
  Manifest taken;
  std::jthread writer([&] { taken = history.repository.snapshot(history.engine, {}, history.context()); });
  gate->await_arrivals();
  // The pruner's own calls do not wait: it works on the same store beside the stalled sink.
  Repository pruner = Repository::open(history.memory, {}, history.context());
  const PrunePlan plan = pruner.plan_prune(*make_keep_policy({.last = 2}), {}, history.context());
  REQUIRE(plan.unfinished.size() == 1);
  const std::string fenced = plan.unfinished.front().id;
  const auto packs = history.keys("packs/");
  const std::uint64_t reads = history.place->counters().sessions_begun;

  SUBCASE("its packs are there") {
    const auto dying = std::make_shared<FaultSink>(history.memory);
    dying->inject({.call = SinkCall::put, .prefix = "gc/", .every_later = true});
    Repository broken = Repository::open(dying, {}, history.context());
    CHECK_THROWS_AS(broken.apply(plan, {.discard_unfinished = true}, history.context()), Error);
    gate->open();
    writer.join();
    CHECK(history.place->counters().sessions_begun == reads);
  }
  SUBCASE("its packs are gone, so that the source is read again") {
    pruner.apply(plan, {.discard_unfinished = true}, history.context());
    CHECK(history.keys("packs/").size() < packs.size());
    gate->open();
    writer.join();
    CHECK(history.place->counters().sessions_begun == reads + 1);
  }
  CHECK(taken.id != fenced);
  history.states[taken.id] = state;
  CHECK(history.ids().front() == taken.id);
  history.check_all_restorable();
  history.prune({.last = 1});
  history.check_all_restorable();
  check_no_orphans(history);
}

TEST_CASE("signs of life keep a slow session from being fenced, and are gone when it is over") {
  History history(1);
  die_in_snapshot(history);
  const std::string session = history.plan({}).unfinished.front().id;
  const std::string folder = "alive/" + session + "/";
  // As long as the pruner looks it finds another sign, until the fifth; then the session says nothing more.
  int looks = 0;
  history.sink->before(SinkCall::list, folder, [&] {
    if (++looks <= 5) history.memory->put(folder + std::to_string(looks), Bytes(1), {}, {});
  });
  const PrunePlan plan = history.plan({.last = 1});
  const ApplyOptions options{.patience = std::chrono::milliseconds(1)};
  CHECK(history.repository.apply(plan, options, history.context()).fenced == 0);
  CHECK(history.plan({}).unfinished.size() == 1);
  looks = 5;
  CHECK(history.repository.apply(plan, options, history.context()).fenced == 1);
  CHECK(history.keys("alive/").empty());
  history.check_all_restorable();
  check_no_orphans(history);
}

TEST_CASE("a round that a pruner left open is finished by the next one, and writers avoid its packs meanwhile") {
  for (std::uint64_t call = 0; call < 200; ++call) {
    CAPTURE(call);
    History history(2);
    history.grow_anew();
    const PrunePlan plan = history.plan({.last = 1});
    history.sink->heal();
    history.sink->die_after(call);
    bool died = false;
    try {
      history.repository.apply(plan, {}, history.context());
    } catch (const Error&) {
      died = true;
    }
    history.sink->heal();
    history.grow();
    history.check_all_restorable();
    history.prune({.last = 1});
    history.check_all_restorable();
    check_no_orphans(history);
    if (!died) {
      CHECK(call > 10);
      return;
    }
  }
  FAIL("the prune never got through");
}

TEST_CASE("two pruners at once end with the same result") {
  History history(4);
  history.grow_anew();
  const PrunePlan plan = history.plan({.last = 1});
  const auto gate = history.sink->stall(SinkCall::put, "gc/1/verdict");
  std::jthread slow([&] { history.repository.apply(plan, {}, history.context()); });
  gate->await_arrivals();
  Repository other = Repository::open(history.memory, {}, history.context());
  other.apply(plan, {}, history.context());
  history.grow();
  gate->open();
  slow.join();
  history.check_all_restorable();
  history.prune({.last = 1});
  history.check_all_restorable();
  check_no_orphans(history);
}

TEST_CASE("a verdict that comes after its round was tidied away is not carried out") {
  History history(2);
  history.grow_anew();
  const PrunePlan plan = history.plan({.last = 1});
  const auto gate = history.sink->stall(SinkCall::put, "gc/1/verdict");
  std::jthread slow([&] { history.repository.apply(plan, {}, history.context()); });
  gate->await_arrivals();
  Repository other = Repository::open(history.memory, {}, history.context());
  other.apply(plan, {}, history.context());
  for (int round = 0; round < 2; ++round) {
    history.grow_anew();
    other.apply(other.plan_prune(*make_keep_policy({.last = 1}), {}, history.context()), {}, history.context());
  }
  REQUIRE(history.keys("gc/1/verdict").empty());
  const auto packs = history.keys("packs/");
  gate->open();
  slow.join();
  CHECK(history.keys("packs/") == packs);
  history.check_all_restorable();
}

}  // namespace
}  // namespace dbsnap::testing
