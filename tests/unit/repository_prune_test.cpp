// Planning and applying a prune: what goes, what must stay, and when it is refused.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "harness/random_data.hpp"
#include "repository_fixture.hpp"
#include "repository_history.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

TEST_CASE("a plan changes nothing and says what an apply would do") {
  History history(5);
  const auto before = history.keys();
  const PrunePlan plan = history.plan({.last = 2});
  CHECK(history.keys() == before);
  REQUIRE(plan.decisions.size() == 5);
  CHECK(plan.decisions.front().snapshot.id == history.ids_in_order.back());
  CHECK(std::ranges::count_if(plan.decisions, [](const PruneDecision& d) { return d.verdict.keep; }) == 2);
  for (const PruneDecision& decision : plan.decisions) {
    CHECK(decision.verdict.id == decision.snapshot.id);
    CHECK(decision.verdict.keep == !decision.verdict.reasons.empty());
    if (decision.verdict.keep) CHECK(decision.bytes_freed == 0);
  }
  CHECK(plan.oldest_kept == plan.decisions[1].snapshot.time);
  CHECK(plan.unfinished.empty());
  std::uint64_t bytes = 0;
  for (const ObjectInfo& pack : plan.packs) bytes += pack.size;
  CHECK(plan.bytes_freed == bytes);
}

TEST_CASE("an apply removes exactly what was planned and what it says it freed is free") {
  History history(6);
  const PrunePlan plan = history.plan({.last = 1});
  const std::uint64_t packs_before = history.stored_bytes("packs/");
  const PruneReport report = history.repository.apply(plan, {}, history.context());
  CHECK(report.snapshots_removed == 5);
  CHECK(report.packs_removed == plan.packs.size());
  CHECK(report.bytes_freed == plan.bytes_freed);
  CHECK(history.stored_bytes("packs/") == packs_before - plan.bytes_freed);
  CHECK(history.ids() == std::vector{history.ids_in_order.back()});
  const auto left = history.keys("packs/");
  CHECK(std::set(left.begin(), left.end()) == history.needed_packs());
  history.check_all_restorable();
}

TEST_CASE("packs that are needed as delta bases survive the snapshots that wrote them") {
  Store store;
  Random random(2);
  ValueEngine engine(random.pages(4 * kMiB));
  const Manifest first = store.snapshot(engine);
  for (int n = 0; n < 100; ++n) engine.content[random.below(4 * kMiB)] ^= std::byte{0x55};
  const Manifest second = store.snapshot(engine);
  REQUIRE(second.stats.frames_delta > 0);
  const PruneReport report = store.prune({.last = 1});
  CHECK(report.snapshots_removed == 1);
  CHECK(store.memory->stat(first.packs.front().key, {}).has_value());
  ValueEngine target;
  store.repository.restore(second.id, target, {}, 2, store.context());
  CHECK(target.content == engine.content);
}

TEST_CASE("a long history pruned again and again restores every snapshot that is left") {
  History history(4, {.encrypt = false, .chunk_size = 4096, .frame_size = 32768, .pack_size = 1 << 20});
  for (int round = 0; round < 8; ++round) {
    for (int n = 0; n < 3; ++n) history.grow();
    history.prune({.last = 3, .hourly = 2});
    history.check_all_restorable();
    const auto left = history.keys("packs/");
    CHECK(std::set(left.begin(), left.end()) == history.needed_packs());
  }
}

TEST_CASE("what an interrupted or failed snapshot has left behind goes with the next prune") {
  History history(1);
  history.place->change(9);
  SyntheticFaults faults;
  faults.fail_finish = true;
  history.place->set_faults(faults);
  CHECK_THROWS_AS(history.snapshot(history.engine, {.use_parent = false}), Error);
  history.place->set_faults({});
  const PruneReport report = history.prune({.last = 1});
  CHECK(report.snapshots_removed == 0);
  const auto left = history.keys("packs/");
  CHECK(std::set(left.begin(), left.end()) == history.needed_packs());
  history.check_all_restorable();
}

TEST_CASE("forgotten snapshots give their packs back") {
  Store store;
  ValueEngine one(Random(3).bytes(kMiB), EntryKind::stream, "one");
  ValueEngine two(Random(4).bytes(kMiB), EntryKind::stream, "two");
  const Manifest first = store.snapshot(one);
  store.snapshot(two);
  store.repository.forget({first.id}, store.context());
  const PrunePlan plan = store.plan({});
  CHECK(plan.decisions.size() == 1);
  CHECK(plan.bytes_freed == first.stats.bytes_stored);
  CHECK(store.repository.apply(plan, {}, store.context()).bytes_freed == first.stats.bytes_stored);
  CHECK(store.plan({}).packs.empty());
}

TEST_CASE("a single snapshot's freed bytes are those of packs that nobody else keeps") {
  Store store;
  ValueEngine engine(Random(5).bytes(2 * kMiB));
  const Manifest first = store.snapshot(engine);
  engine.content = Random(6).bytes(2 * kMiB);
  const Manifest second = store.snapshot(engine);
  engine.content = Random(7).bytes(2 * kMiB);
  store.snapshot(engine);
  const PrunePlan plan = store.plan({.last = 1});
  REQUIRE(plan.decisions.size() == 3);
  CHECK(plan.decisions[0].bytes_freed == 0);
  CHECK(plan.decisions[1].bytes_freed > 0);
  CHECK(plan.decisions[2].bytes_freed > 0);
  CHECK(plan.bytes_freed == first.stats.bytes_stored + second.stats.bytes_stored);
}

TEST_CASE("every source keeps its own newest, and a filter leaves other sources alone") {
  Store store;
  SyntheticEngine shop(make_data(1), "shop");
  SyntheticEngine blog(make_data(2), "blog");
  for (int n = 0; n < 3; ++n) {
    store.snapshot(shop);
    store.snapshot(blog);
  }
  const PrunePlan plan = store.plan({.last = 1}, {.source = "shop"});
  CHECK(std::ranges::all_of(plan.decisions,
                            [](const PruneDecision& d) { return d.verdict.keep || d.snapshot.source.name == "shop"; }));
  store.repository.apply(plan, {}, store.context());
  CHECK(store.ids({.source = "shop"}).size() == 1);
  CHECK(store.ids({.source = "blog"}).size() == 3);
  store.prune({.last = 1});
  CHECK(store.ids({.source = "blog"}).size() == 1);
  CHECK(store.restored(store.ids({.source = "blog"}).front()) == make_data(2));
}

TEST_CASE("pinned snapshots survive every policy") {
  class RemoveAll final : public RetentionPolicy {
   public:
    std::vector<Verdict> evaluate(std::span<const SnapshotSummary> snapshots, TimePoint) const override {
      std::vector<Verdict> verdicts;
      for (const SnapshotSummary& snapshot : snapshots) verdicts.push_back({snapshot.id, false, {}});
      return verdicts;
    }
  };
  History history(3);
  history.repository.pin(history.ids_in_order[0], history.context());
  const PrunePlan plan = history.repository.plan_prune(RemoveAll(), {}, history.context());
  CHECK(plan.decisions.back().verdict.keep);
  history.repository.apply(plan, {}, history.context());
  const auto left = history.ids();
  CHECK(std::ranges::find(left, history.ids_in_order[0]) != left.end());
  history.check_all_restorable();
}

TEST_CASE("a pin set after the plan still protects its snapshot") {
  History history(3);
  const PrunePlan plan = history.plan({.last = 1});
  history.repository.pin(history.ids_in_order[0], history.context());
  try {
    history.repository.apply(plan, {}, history.context());
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::locked);
  }
  const auto left = history.ids();
  CHECK(std::ranges::find(left, history.ids_in_order[0]) != left.end());
  history.check_all_restorable();
}

TEST_CASE("verdicts that do not match the snapshots are refused") {
  class Confused final : public RetentionPolicy {
   public:
    explicit Confused(std::vector<Verdict> verdicts) : verdicts_(std::move(verdicts)) {}
    std::vector<Verdict> evaluate(std::span<const SnapshotSummary>, TimePoint) const override { return verdicts_; }

   private:
    std::vector<Verdict> verdicts_;
  };
  History history(2);
  const auto plan_with = [&](std::vector<Verdict> verdicts) {
    return code_of([&] { (void)history.repository.plan_prune(Confused(std::move(verdicts)), {}, history.context()); });
  };
  CHECK(plan_with({}) == ErrorCode::invalid_argument);
  CHECK(plan_with({{"x", false, {}}, {"y", false, {}}}) == ErrorCode::invalid_argument);
}

TEST_CASE("a manifest that the store no longer shows stops the apply") {
  History history(3);
  const PrunePlan plan = history.plan({.last = 2});
  const auto snapshots = history.keys("snapshots/");
  const auto packs = history.keys("packs/");
  history.sink->lose(snapshots.back());
  CHECK(code_of([&] { history.repository.apply(plan, {}, history.context()); }) == ErrorCode::locked);
  history.sink->heal();
  CHECK(history.keys("packs/") == packs);
  CHECK(history.keys("snapshots/") == snapshots);
}

TEST_CASE("a listing that fails removes nothing") {
  History history(3);
  const auto packs = history.keys("packs/");
  const PrunePlan plan = history.plan({.last = 1});
  history.sink->fail_list_after_objects(2);
  CHECK_THROWS_AS(history.repository.apply(plan, {}, history.context()), Error);
  history.sink->heal();
  CHECK(history.keys("packs/") == packs);
  history.check_all_restorable();
}

TEST_CASE("a listing that ends early in silence removes nothing that is needed") {
  for (std::uint64_t shown = 0; shown < 12; ++shown) {
    CAPTURE(shown);
    History history(2);
    history.grow_anew();
    const PrunePlan plan = history.plan({.last = 1});
    history.sink->show_only(shown);
    try {
      history.repository.apply(plan, {}, history.context());
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::locked);
    }
    history.sink->heal();
    CHECK(history.ids().front() == history.ids_in_order.back());
    history.check_all_restorable();
  }
}

TEST_CASE("an earlier prune remembers what it saw, so that a snapshot that vanishes stops the next one") {
  History history(2);
  history.grow_anew();
  history.prune({.last = 1});
  history.grow();
  const std::string vanished = history.ids_in_order[2];
  for (const std::string& key : history.keys()) {
    if (key.find(vanished) != std::string::npos && !key.starts_with("packs/")) history.memory->remove(key, {});
  }
  const Error error = error_of([&] { history.prune({.last = 1}); });
  CHECK(error.code() == ErrorCode::locked);
  CHECK(error.message().find(vanished) != std::string::npos);
}

TEST_CASE("a snapshot whose manifest is missing is not taken for one that died") {
  History history(1);
  history.grow_anew();
  history.grow_anew();
  REQUIRE(history.prune({.last = 2}).packs_removed > 0);
  const std::string missing = history.ids_in_order[1];
  std::string key;
  for (const std::string& name : history.keys("snapshots/")) {
    if (name.find(missing) != std::string::npos) key = name;
  }
  const Bytes manifest = history.memory->get(key, {}, {});
  history.memory->remove(key, {});
  const PrunePlan plan = history.plan({.last = 1});
  CHECK(code_of([&] { history.repository.apply(plan, {.discard_unfinished = true}, history.context()); }) ==
        ErrorCode::locked);
  history.memory->put(key, manifest, {}, {});
  CHECK(history.ids().size() == 2);
  history.check_all_restorable();
}

TEST_CASE("an apply whose newest snapshot is forgotten meanwhile keeps the others") {
  History history(3);
  const PrunePlan plan = history.plan({.last = 1});
  history.repository.forget({history.ids_in_order.back()}, history.context());
  const Error error = error_of([&] { history.repository.apply(plan, {}, history.context()); });
  CHECK(error.code() == ErrorCode::locked);
  CHECK(error.message().find(history.ids_in_order.back()) != std::string::npos);
  CHECK(history.ids().size() == 2);
  history.check_all_restorable();
}

TEST_CASE("an apply that fails at any call can be done again, and nothing that stays is hurt") {
  for (std::uint64_t call = 0; call < 200; ++call) {
    History history(3);
    const PrunePlan plan = history.plan({.last = 1});
    history.sink->heal();
    history.sink->fail_call(call);
    bool failed = false;
    try {
      history.repository.apply(plan, {}, history.context());
    } catch (const Error&) {
      failed = true;
    }
    history.sink->heal();
    history.check_all_restorable();
    history.prune({.last = 1});
    CHECK(history.ids() == std::vector{history.ids_in_order.back()});
    history.check_all_restorable();
    const auto left = history.keys("packs/");
    CHECK(std::set(left.begin(), left.end()) == history.needed_packs());
    if (!failed) {
      CHECK(call > 3);
      return;
    }
  }
  FAIL("apply never got through");
}

TEST_CASE("a manifest that cannot be read stops a prune until its snapshot is forgotten") {
  History history(3);
  const auto key = history.keys("snapshots/")[1];
  const std::string id = key.substr(key.size() - 32);
  history.sink->corrupt(key, 60);
  CHECK(code_of([&] { (void)history.plan({.last = 1}); }) == ErrorCode::damaged);
  history.repository.forget({id}, history.context());
  history.prune({.last = 1});
  CHECK(history.ids() == std::vector{history.ids_in_order.back()});
  history.check_all_restorable();
}

TEST_CASE("a forget that breaks off at any call has happened or not, and leaves nothing behind after a prune") {
  for (std::uint64_t call = 0; call < 50; ++call) {
    History history(2);
    const std::string id = history.ids_in_order.front();
    history.sink->heal();
    history.sink->die_after(call);
    bool failed = false;
    try {
      history.repository.forget({id}, history.context());
    } catch (const Error&) {
      failed = true;
    }
    history.sink->heal();
    history.check_all_restorable();
    history.prune({.last = 1});
    CHECK(history.ids() == std::vector{history.ids_in_order.back()});
    CHECK(history.keys("snapshots/").size() == 1);
    history.check_all_restorable();
    if (!failed) {
      CHECK(call > 2);
      return;
    }
  }
  FAIL("forget never got through");
}

TEST_CASE("a source whose snapshots are all gone starts anew") {
  Store store;
  SyntheticEngine engine(make_data(5));
  const std::string id = store.snapshot(engine).id;
  store.repository.forget({id}, store.context());
  store.prune({});
  CHECK(store.keys("packs/").empty());
  const Manifest next = store.snapshot(engine);
  CHECK(next.parent.empty());
  CHECK(store.restored(next.id) == make_data(5));
}

}  // namespace
}  // namespace dbsnap::testing
