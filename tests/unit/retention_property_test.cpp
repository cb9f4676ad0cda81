// What holds for the built-in retention policy whatever the rules and the snapshots.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "dbsnap/json.hpp"
#include "dbsnap/retention.hpp"
#include "repo/calendar.hpp"

namespace dbsnap {
namespace {

const TimePoint kNow = parse_time("2026-11-21 12:00");

/// Snapshots of about three years, dense enough for shared hours, some equal, some in the future.
std::vector<SnapshotSummary> any_snapshots() {
  const auto count = *rc::gen::inRange(0, 40);
  std::vector<SnapshotSummary> snapshots;
  for (int i = 0; i < count; ++i) {
    SnapshotSummary snapshot;
    snapshot.id = std::to_string(i);
    const int spread = *rc::gen::element(2, 48, 24 * 40, 24 * 1100);
    const auto age = std::chrono::minutes(*rc::gen::inRange(-2 * 15, spread * 4) * 15);
    snapshot.time = kNow - age;
    snapshot.good = *rc::gen::weightedElement<bool>({{4, true}, {1, false}});
    snapshot.pinned = *rc::gen::weightedElement<bool>({{1, true}, {9, false}});
    if (*rc::gen::weightedElement<bool>({{1, true}, {4, false}})) snapshot.tags = {"release"};
    snapshots.push_back(std::move(snapshot));
  }
  return snapshots;
}

std::optional<unsigned> any_count() {
  const int value = *rc::gen::weightedOneOf<int>({{2, rc::gen::just(-1)}, {3, rc::gen::inRange(0, 9)}});
  return value < 0 ? std::nullopt : std::optional<unsigned>(static_cast<unsigned>(value));
}

KeepRules any_rules() {
  KeepRules rules;
  rules.last = any_count();
  rules.hourly = any_count();
  rules.daily = any_count();
  rules.weekly = any_count();
  rules.monthly = any_count();
  rules.yearly = any_count();
  if (const auto days = any_count()) rules.within = std::chrono::hours(24) * *days;
  if (*rc::gen::arbitrary<bool>()) rules.tags = {"release"};
  rules.minimum = *rc::gen::inRange(0U, 5U);
  return rules;
}

std::set<std::string> kept(const KeepRules& rules, const std::vector<SnapshotSummary>& snapshots) {
  std::set<std::string> ids;
  for (const Verdict& verdict : make_keep_policy(rules)->evaluate(snapshots, kNow)) {
    if (verdict.keep) ids.insert(verdict.id);
  }
  return ids;
}

TEST_CASE("relaxing any rule of a policy never removes a snapshot") {
  CHECK(rc::check([] {
    const auto snapshots = any_snapshots();
    const KeepRules strict = any_rules();
    KeepRules relaxed = strict;
    const auto raise = [](std::optional<unsigned>& count) {
      const unsigned more = *rc::gen::inRange(0U, 4U);
      if (count || more > 0) count = count.value_or(0) + more;
    };
    for (auto* count :
         {&relaxed.last, &relaxed.hourly, &relaxed.daily, &relaxed.weekly, &relaxed.monthly, &relaxed.yearly}) {
      raise(*count);
    }
    if (relaxed.within) *relaxed.within += std::chrono::hours(24 * *rc::gen::inRange(0, 100));
    relaxed.tags = {"release"};
    relaxed.minimum += *rc::gen::inRange(0U, 4U);
    RC_PRE(strict.any());
    const auto before = kept(strict, snapshots);
    const auto after = kept(relaxed, snapshots);
    RC_ASSERT(std::ranges::includes(after, before));
  }));
}

TEST_CASE("the newest good snapshot, pins and the future always stay") {
  CHECK(rc::check([] {
    const auto snapshots = any_snapshots();
    const auto ids = kept(any_rules(), snapshots);
    RC_ASSERT(snapshots.empty() || !ids.empty());
    const SnapshotSummary* newest_good = nullptr;
    for (const SnapshotSummary& snapshot : snapshots) {
      if (snapshot.pinned || snapshot.time > kNow) RC_ASSERT(ids.contains(snapshot.id));
      if (!snapshot.good || snapshot.time > kNow) continue;
      if (newest_good == nullptr || snapshot.time > newest_good->time) newest_good = &snapshot;
    }
    if (newest_good == nullptr) return;
    // Of several with the same time any one will do.
    RC_ASSERT(std::ranges::any_of(snapshots, [&](const SnapshotSummary& snapshot) {
      return snapshot.good && snapshot.time == newest_good->time && ids.contains(snapshot.id);
    }));
  }));
}

TEST_CASE("applying a policy to what it has kept removes nothing more") {
  CHECK(rc::check([] {
    const auto snapshots = any_snapshots();
    const KeepRules rules = any_rules();
    const auto ids = kept(rules, snapshots);
    std::vector<SnapshotSummary> remaining;
    std::ranges::copy_if(snapshots, std::back_inserter(remaining),
                         [&](const SnapshotSummary& snapshot) { return ids.contains(snapshot.id); });
    RC_ASSERT(kept(rules, remaining) == ids);
  }));
}

TEST_CASE("the order of the input does not matter") {
  CHECK(rc::check([] {
    const auto snapshots = any_snapshots();
    const KeepRules rules = any_rules();
    auto shuffled = snapshots;
    for (std::size_t i = shuffled.size(); i > 1; --i)
      std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<std::size_t>(0, i)]);
    RC_ASSERT(kept(rules, shuffled) == kept(rules, snapshots));
  }));
}

TEST_CASE("a minimum is reached with good snapshots wherever there are as many") {
  CHECK(rc::check([] {
    const auto snapshots = any_snapshots();
    const KeepRules rules = any_rules();
    const auto ids = kept(rules, snapshots);
    const auto is_good = [](const SnapshotSummary& snapshot) { return snapshot.good; };
    const auto good = std::ranges::count_if(snapshots, is_good);
    const auto good_kept = std::ranges::count_if(
        snapshots, [&](const SnapshotSummary& snapshot) { return snapshot.good && ids.contains(snapshot.id); });
    RC_ASSERT(good_kept >= std::min<std::ptrdiff_t>(good, rules.minimum));
  }));
}

TEST_CASE("a period rule keeps one good snapshot of each of its newest periods and no more") {
  struct Rule {
    std::optional<unsigned> KeepRules::*count;
    Period period;
  };
  CHECK(rc::check([] {
    const Rule rule = *rc::gen::elementOf(std::vector<Rule>{{&KeepRules::hourly, Period::hour},
                                                            {&KeepRules::daily, Period::day},
                                                            {&KeepRules::weekly, Period::week},
                                                            {&KeepRules::monthly, Period::month},
                                                            {&KeepRules::yearly, Period::year}});
    auto snapshots = any_snapshots();
    for (SnapshotSummary& snapshot : snapshots) {
      snapshot.good = true;
      snapshot.pinned = false;
      if (snapshot.time > kNow) snapshot.time = kNow;
    }
    KeepRules rules;
    const unsigned count = *rc::gen::inRange(1U, 12U);
    rules.*rule.count = count;
    const auto ids = kept(rules, snapshots);
    std::set<std::string> periods;
    std::multiset<std::string> kept_periods;
    for (const SnapshotSummary& snapshot : snapshots) {
      const std::string name = period_name(rule.period, snapshot.time);
      periods.insert(name);
      if (ids.contains(snapshot.id)) kept_periods.insert(name);
    }
    RC_ASSERT(kept_periods.size() == std::min<std::size_t>(periods.size(), count));
    RC_ASSERT(std::set(kept_periods.begin(), kept_periods.end()).size() == kept_periods.size());
    // Names sort by time, so that the kept ones must be the largest.
    RC_ASSERT(std::equal(kept_periods.rbegin(), kept_periods.rend(), periods.rbegin()));
  }));
}

}  // namespace
}  // namespace dbsnap
