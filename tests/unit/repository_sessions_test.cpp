// Prune and snapshots that have not finished: running ones, dead ones, and ones that commit meanwhile.
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "repository_fixture.hpp"
#include "repository_history.hpp"

namespace dbsnap::testing {
namespace {

TEST_CASE("a snapshot taken between plan and apply keeps all it needs") {
  History history(4);
  const PrunePlan plan = history.plan({.last = 1});
  history.grow();
  try {
    history.repository.apply(plan, {}, history.context());
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::locked);
  }
  history.check_all_restorable();
}

TEST_CASE("while a snapshot is being taken a prune is refused and names it") {
  History history(2);
  const PrunePlan plan = history.plan({.last = 1});
  const auto gate = std::make_shared<Gate>();
  history.place->set_faults(stalled_reads(gate));
  history.place->change(77);
  const SyntheticData state = history.place->data().value();
  std::string id;
  history.clock.advance(std::chrono::hours(1));
  std::jthread writer(
      [&] { id = history.repository.snapshot(history.engine, {.host = "web1"}, history.context()).id; });
  gate->await_arrivals();
  const Error error = error_of([&] { history.repository.apply(plan, {}, history.context()); });
  CHECK(error.code() == ErrorCode::locked);
  const PrunePlan during = history.plan({.last = 1});
  REQUIRE(during.unfinished.size() == 1);
  CHECK(during.unfinished.front().host == "web1");
  CHECK(during.unfinished.front().source == "synthetic");
  gate->open();
  writer.join();
  history.states[id] = state;
  history.check_all_restorable();
  history.place->set_faults({});
  history.prune({.last = 1});
  CHECK(history.ids() == std::vector{id, history.ids_in_order.back()});
  history.check_all_restorable();
}

TEST_CASE("a session that died is unfinished until it is discarded") {
  History history(2);
  // The process is gone before the end: neither the manifest nor the cleaning up reaches the store.
  history.place->change(78);
  history.sink->inject({.call = SinkCall::put, .prefix = "snapshots/", .every_later = true});
  history.sink->inject({.call = SinkCall::put, .prefix = "forgotten/", .every_later = true});
  history.sink->inject({.call = SinkCall::remove, .every_later = true});
  CHECK_THROWS_AS(history.snapshot(history.engine, {.use_parent = false}), Error);
  history.sink->heal();
  const PrunePlan plan = history.plan({.last = 2});
  REQUIRE(plan.unfinished.size() == 1);
  CHECK(code_of([&] { history.repository.apply(plan, {}, history.context()); }) == ErrorCode::locked);
  history.repository.apply(plan, {.discard_unfinished = true}, history.context());
  CHECK(history.plan({}).unfinished.empty());
  const auto left = history.keys("packs/");
  CHECK(std::set(left.begin(), left.end()) == history.needed_packs());
  history.check_all_restorable();
}

TEST_CASE("a snapshot that is discarded while it still runs fails, and what was committed before that stays") {
  History history(2);
  const auto gate = history.sink->stall(SinkCall::put, "snapshots/");
  history.place->change(79);
  std::optional<ErrorCode> code;
  history.clock.advance(std::chrono::hours(1));
  std::jthread writer(
      [&] { code = code_of([&] { history.repository.snapshot(history.engine, {}, history.context()); }); });
  gate->await_arrivals();
  // The pruner's own calls do not wait: it works on the same store beside the stalled sink.
  Repository pruner = Repository::open(history.memory, {}, history.context());
  const PrunePlan plan = pruner.plan_prune(*make_keep_policy({.last = 2}), {}, history.context());
  REQUIRE(plan.unfinished.size() == 1);
  pruner.apply(plan, {.discard_unfinished = true}, history.context());
  gate->open();
  writer.join();
  CHECK(code == ErrorCode::locked);
  CHECK(history.ids().size() == 2);
  CHECK(history.plan({}).unfinished.empty());
  const auto left = history.keys("packs/");
  CHECK(std::set(left.begin(), left.end()) == history.needed_packs());
  history.check_all_restorable();
  history.prune({.last = 1});
  history.check_all_restorable();
}

}  // namespace
}  // namespace dbsnap::testing
