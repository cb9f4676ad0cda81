// Random histories of everything that changes a repository, checked against a plain model after every step.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/random_data.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

SyntheticShape small_shape() {
  SyntheticShape shape;
  shape.page_file_size = 96 * 1024;
  shape.stream_size = 48 * 1024;
  return shape;
}

/// A repository, two sources, and what the repository ought to hold.
class Model {
 public:
  explicit Model(std::uint64_t seed)
      : random_(seed), store_({.encrypt = false, .chunk_size = 4096, .frame_size = 16384, .pack_size = 128 * 1024}) {
    for (int n = 0; n < 2; ++n) places_.push_back(std::make_shared<SyntheticPlace>(make_data(seed + 7, small_shape())));
  }

  void step() {
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return take_snapshot();
      case 5:
        return fail_snapshot();
      case 6:
        return forget_one();
      case 7:
        return pin_one(true);
      case 8:
        return pin_one(false);
      case 9:
        return prune(false);
      case 10:
        return prune(true);
      default:
        return break_apply();
    }
  }

  void check() {
    std::set<std::string> listed;
    std::set<std::string> needed;
    for (const SnapshotSummary& summary : store_.repository.snapshots({}, store_.context())) {
      listed.insert(summary.id);
      CHECK(summary.pinned == pinned_.contains(summary.id));
      for (const PackInfo& pack : store_.repository.manifest(summary.id, store_.context()).packs)
        needed.insert(pack.key);
    }
    std::set<std::string> expected;
    for (const auto& [id, data] : states_) expected.insert(id);
    CHECK(listed == expected);
    const auto packs = store_.keys("packs/");
    CHECK(std::ranges::includes(packs, needed));
  }

  void check_everything() {
    check();
    for (const auto& [id, data] : states_) {
      CAPTURE(id);
      CHECK(store_.restored(id) == data);
    }
    CHECK(store_.repository.verify({}, store_.context()).ok());
  }

 private:
  SyntheticEngine engine(std::size_t n) { return SyntheticEngine(places_[n], "db" + std::to_string(n)); }

  void take_snapshot() {
    const std::size_t n = random_.below(places_.size());
    if (random_.below(4) != 0) places_[n]->change(random_.next());
    SyntheticEngine source = engine(n);
    SnapshotOptions options{.threads = static_cast<unsigned>(1 + random_.below(3)),
                            .use_parent = random_.below(8) != 0};
    if (random_.below(6) == 0) options.time = store_.clock.now() - std::chrono::hours(random_.below(500));
    const Manifest manifest = store_.snapshot(source, options);
    states_[manifest.id] = places_[n]->data().value();
  }

  void fail_snapshot() {
    const std::size_t n = random_.below(places_.size());
    SyntheticFaults faults;
    faults.fail_read_at = random_.below(12);
    places_[n]->set_faults(faults);
    SyntheticEngine source = engine(n);
    CHECK_THROWS_AS(store_.snapshot(source, {.use_parent = false}), Error);
    places_[n]->set_faults({});
  }

  std::string any_id() {
    const auto at = static_cast<std::ptrdiff_t>(random_.below(states_.size()));
    return std::next(states_.begin(), at)->first;
  }

  void forget_one() {
    if (states_.empty()) return;
    const std::string id = any_id();
    if (pinned_.contains(id)) {
      CHECK_THROWS_AS(store_.repository.forget({id}, store_.context()), Error);
      return;
    }
    store_.repository.forget({id}, store_.context());
    states_.erase(id);
  }

  void pin_one(bool pin) {
    if (states_.empty()) return;
    const std::string id = any_id();
    if (pin) {
      store_.repository.pin(id, store_.context());
      pinned_.insert(id);
    } else {
      store_.repository.unpin(id, store_.context());
      pinned_.erase(id);
    }
  }

  void expect(const PrunePlan& plan) {
    for (const PruneDecision& decision : plan.decisions) {
      if (!decision.verdict.keep) states_.erase(decision.snapshot.id);
    }
  }

  void prune(bool everything_stays) {
    const KeepRules rules = everything_stays ? KeepRules{} : KeepRules{.last = 2, .daily = 2};
    const PrunePlan plan = store_.plan(rules);
    const std::uint64_t before = store_.stored_bytes("packs/");
    const PruneReport report = store_.repository.apply(plan, {}, store_.context());
    CHECK(report.bytes_freed == plan.bytes_freed);
    CHECK(store_.stored_bytes("packs/") == before - plan.bytes_freed);
    expect(plan);
  }

  /// An apply that breaks off at some call, and is then done again.
  void break_apply() {
    const PrunePlan plan = store_.plan({.last = 1});
    store_.sink->heal();
    store_.sink->die_after(random_.below(30));
    try {
      store_.repository.apply(plan, {}, store_.context());
    } catch (const Error&) {
    }
    store_.sink->heal();
    store_.repository.apply(store_.plan({.last = 1}), {}, store_.context());
    expect(plan);
  }

  Random random_;
  Store store_;
  std::vector<std::shared_ptr<SyntheticPlace>> places_;
  std::map<std::string, SyntheticData> states_;
  std::set<std::string> pinned_;
};

TEST_CASE("whatever is done in whatever order, every listed snapshot restores and nothing else is listed") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Model model(seed);
    for (int step = 0; step < 40; ++step) {
      model.step();
      model.check();
    }
    model.check_everything();
  }
}

}  // namespace
}  // namespace dbsnap::testing
