// The built-in retention policy, rule by rule.
#include "dbsnap/retention.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "dbsnap/json.hpp"
#include "repo/calendar.hpp"

namespace dbsnap {
namespace {

const TimePoint kNow = parse_time("2026-11-21 12:00");

SnapshotSummary at(const std::string& time) {
  SnapshotSummary snapshot;
  snapshot.id = time;
  snapshot.time = parse_time(time);
  return snapshot;
}

SnapshotSummary damaged(SnapshotSummary snapshot) {
  snapshot.good = false;
  return snapshot;
}

SnapshotSummary tagged(SnapshotSummary snapshot, const std::string& tag) {
  snapshot.tags.push_back(tag);
  return snapshot;
}

SnapshotSummary pinned(SnapshotSummary snapshot) {
  snapshot.pinned = true;
  return snapshot;
}

std::vector<SnapshotSummary> at_all(const std::vector<std::string>& times) {
  std::vector<SnapshotSummary> snapshots;
  for (const std::string& time : times) snapshots.push_back(at(time));
  return snapshots;
}

/// "rule detail, rule detail" by id, of the snapshots that stay.
std::map<std::string, std::string> kept(const KeepRules& rules, const std::vector<SnapshotSummary>& snapshots,
                                        TimePoint now = kNow) {
  const std::vector<Verdict> verdicts = make_keep_policy(rules)->evaluate(snapshots, now);
  REQUIRE(verdicts.size() == snapshots.size());
  std::map<std::string, std::string> reasons;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    CHECK(verdicts[i].id == snapshots[i].id);
    CHECK(verdicts[i].keep == !verdicts[i].reasons.empty());
    if (!verdicts[i].keep) continue;
    std::string& text = reasons[verdicts[i].id];
    for (const KeepReason& reason : verdicts[i].reasons) {
      text += (text.empty() ? "" : ", ") + std::string(name_of(reason.rule));
      if (!reason.detail.empty()) text += " " + reason.detail;
    }
  }
  return reasons;
}

using Kept = std::map<std::string, std::string>;

TEST_CASE("without a rule everything stays") {
  CHECK_FALSE(KeepRules{}.any());
  KeepRules only_minimum;
  only_minimum.minimum = 5;
  CHECK_FALSE(only_minimum.any());
  CHECK(kept({}, at_all({"2001-01-01", "2026-11-20"})) == Kept{{"2001-01-01", "no_rule"}, {"2026-11-20", "no_rule"}});
}

TEST_CASE("no snapshots give no verdicts") { CHECK(kept({.last = 1}, {}).empty()); }

TEST_CASE("last keeps the newest by time, whatever their order") {
  CHECK(kept({.last = 2}, at_all({"2026-11-19", "2026-11-21", "2026-11-18", "2026-11-20"})) ==
        Kept{{"2026-11-21", "last 1, newest_good"}, {"2026-11-20", "last 2"}});
}

TEST_CASE("within keeps what is not older than the duration") {
  CHECK(
      kept({.within = std::chrono::hours(48)}, at_all({"2026-11-19 11:59", "2026-11-19 12:00", "2026-11-21 11:00"})) ==
      Kept{{"2026-11-19 12:00", "within 2d"}, {"2026-11-21 11:00", "within 2d, newest_good"}});
}

TEST_CASE("within survives durations that no clock reaches") {
  const auto always = std::chrono::seconds::max();
  CHECK(kept({.within = always}, at_all({"1678-01-01", "2026-11-21"}), parse_time("2261-12-31")).size() == 2);
}

TEST_CASE("daily keeps the newest of each of the newest days that have any") {
  CHECK(kept({.daily = 2}, at_all({"2026-11-21 08:00", "2026-11-21 09:00", "2026-11-18 08:00", "2026-11-18 07:00",
                                   "2026-11-17 08:00"})) ==
        Kept{{"2026-11-21 09:00", "daily 2026-11-21, newest_good"}, {"2026-11-18 08:00", "daily 2026-11-18"}});
}

TEST_CASE("every period rule counts its own periods") {
  const auto snapshots = at_all({"2026-11-21 11:30", "2026-11-21 11:00", "2026-11-21 10:59", "2026-11-20 10:00",
                                 "2026-11-15 23:59", "2026-11-01", "2026-10-31", "2025-12-31", "2024-12-31"});
  CHECK(kept({.hourly = 2}, snapshots) == Kept{{"2026-11-21 11:30", "hourly 2026-11-21 11:00, newest_good"},
                                               {"2026-11-21 10:59", "hourly 2026-11-21 10:00"}});
  CHECK(kept({.weekly = 2}, snapshots) ==
        Kept{{"2026-11-21 11:30", "weekly 2026-W47, newest_good"}, {"2026-11-15 23:59", "weekly 2026-W46"}});
  CHECK(kept({.monthly = 3}, snapshots) == Kept{{"2026-11-21 11:30", "monthly 2026-11, newest_good"},
                                                {"2026-10-31", "monthly 2026-10"},
                                                {"2025-12-31", "monthly 2025-12"}});
  CHECK(kept({.yearly = 9}, snapshots) == Kept{{"2026-11-21 11:30", "yearly 2026, newest_good"},
                                               {"2025-12-31", "yearly 2025"},
                                               {"2024-12-31", "yearly 2024"}});
}

TEST_CASE("a snapshot kept by several rules gives all its reasons") {
  CHECK(kept({.last = 1, .daily = 1, .yearly = 1}, at_all({"2026-11-21"})) ==
        Kept{{"2026-11-21", "last 1, daily 2026-11-21, yearly 2026, newest_good"}});
}

TEST_CASE("tags and pins keep snapshots of any age") {
  const std::vector<SnapshotSummary> snapshots = {at("2026-11-21"), tagged(at("2001-01-01"), "release"),
                                                  pinned(at("2002-01-01")), tagged(at("2003-01-01"), "other")};
  CHECK(kept({.last = 1, .tags = {"release", "absent"}}, snapshots) ==
        Kept{{"2026-11-21", "last 1, newest_good"}, {"2001-01-01", "tagged release"}, {"2002-01-01", "pinned"}});
}

TEST_CASE("the newest good snapshot stays although no rule asks for it") {
  CHECK(kept({.within = std::chrono::hours(1), .minimum = 0}, at_all({"2026-10-01", "2026-09-01"})) ==
        Kept{{"2026-10-01", "newest_good"}});
  CHECK(kept({.last = 0, .minimum = 0}, at_all({"2026-10-01", "2026-09-01"})) == Kept{{"2026-10-01", "newest_good"}});
}

TEST_CASE("where none is good the newest stays") {
  CHECK(kept({.last = 0, .minimum = 0}, {damaged(at("2026-10-01")), damaged(at("2026-09-01"))}) ==
        Kept{{"2026-10-01", "newest_good none is known to be good"}});
}

TEST_CASE("a damaged snapshot takes no good one's place") {
  const std::vector<SnapshotSummary> snapshots = {damaged(at("2026-11-21 09:00")), at("2026-11-21 08:00"),
                                                  damaged(at("2026-11-20")), at("2026-11-19"), at("2026-11-18")};
  CHECK(kept({.last = 2}, snapshots) == Kept{{"2026-11-21 09:00", "last 1"},
                                             {"2026-11-21 08:00", "last 2, newest_good"},
                                             {"2026-11-20", "last 3"},
                                             {"2026-11-19", "last 4"}});
  CHECK(kept({.daily = 2}, snapshots) == Kept{{"2026-11-21 08:00", "daily 2026-11-21, newest_good"},
                                              {"2026-11-20", "daily 2026-11-20"},
                                              {"2026-11-19", "daily 2026-11-19"}});
}

TEST_CASE("the minimum keeps that many of the newest, as far as there are as many") {
  const auto snapshots = at_all({"2026-11-21", "2026-11-20", "2026-11-19"});
  CHECK(kept({.last = 1, .minimum = 2}, snapshots) ==
        Kept{{"2026-11-21", "last 1, newest_good"}, {"2026-11-20", "minimum 2"}});
  CHECK(kept({.last = 1, .minimum = 9}, snapshots).size() == 3);
}

TEST_CASE("a snapshot dated in the future stays and takes nobody's place") {
  const auto snapshots = at_all({"2099-01-01", "2026-11-21", "2026-11-20"});
  CHECK(kept({.last = 1, .minimum = 1}, snapshots) ==
        Kept{{"2099-01-01", "future 2099-01-01T00:00:00Z"}, {"2026-11-21", "last 1, newest_good"}});
}

TEST_CASE("a clock that has fallen back to 1970 removes nothing") {
  CHECK(kept({.last = 1}, at_all({"2026-11-21", "2026-11-20"}), TimePoint{}).size() == 2);
}

TEST_CASE("equal times are settled the same way for every order of the input") {
  SnapshotSummary a = at("2026-11-21");
  SnapshotSummary b = a;
  a.id = "a";
  b.id = "b";
  CHECK(kept({.last = 1}, {a, b}) == kept({.last = 1}, {b, a}));
  CHECK(kept({.last = 1}, {a, b}).size() == 1);
}

TEST_CASE("the same snapshot given twice gets the same verdict and counts once") {
  CHECK(kept({.last = 2}, at_all({"2026-11-21", "2026-11-21", "2026-11-20", "2026-11-19"})).size() == 2);
}

TEST_CASE("the example of docs/retention.md is true") {
  std::vector<SnapshotSummary> snapshots;
  for (int day = 10; day <= 21; ++day) snapshots.push_back(at("2026-11-" + std::to_string(day) + " 03:00"));
  CHECK(kept({.last = 2, .daily = 4, .weekly = 2}, snapshots) ==
        Kept{{"2026-11-21 03:00", "last 1, daily 2026-11-21, weekly 2026-W47, newest_good"},
             {"2026-11-20 03:00", "last 2, daily 2026-11-20"},
             {"2026-11-19 03:00", "daily 2026-11-19"},
             {"2026-11-18 03:00", "daily 2026-11-18"},
             {"2026-11-15 03:00", "weekly 2026-W46"}});
}

TEST_CASE("weeks are ISO weeks, which belong to the year of their Thursday") {
  const std::map<std::string, std::string> weeks = {
      {"2026-11-21", "2026-W47"}, {"2026-11-22", "2026-W47"}, {"2026-11-23", "2026-W48"},
      {"2021-01-03", "2020-W53"}, {"2021-01-04", "2021-W01"}, {"2024-12-30", "2025-W01"},
      {"2016-01-01", "2015-W53"}, {"2000-01-03", "2000-W01"}, {"1969-12-31", "1970-W01"}};
  for (const auto& [day, week] : weeks) CHECK(period_name(Period::week, parse_time(day)) == week);
}

TEST_CASE("periods begin at their first instant in UTC") {
  const TimePoint year = parse_time("2027-01-01");
  const TimePoint before = year - std::chrono::nanoseconds(1);
  CHECK(period_name(Period::hour, before) == "2026-12-31 23:00");
  CHECK(period_name(Period::hour, year) == "2027-01-01 00:00");
  CHECK(period_name(Period::day, before) == "2026-12-31");
  CHECK(period_name(Period::month, before) == "2026-12");
  CHECK(period_name(Period::year, before) == "2026");
  CHECK(period_name(Period::year, year) == "2027");
}

TEST_CASE("every rule has a name of its own") {
  std::map<std::string_view, int> names;
  for (int rule = 0; rule <= static_cast<int>(KeepRule::future); ++rule) ++names[name_of(static_cast<KeepRule>(rule))];
  CHECK(names.size() == static_cast<std::size_t>(KeepRule::future) + 1);
}

}  // namespace
}  // namespace dbsnap
