// The built-in retention policy. Every rule says on its own which snapshots it keeps; the verdict
// is the union, so that adding a rule never removes a snapshot.
#include "dbsnap/retention.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/time_text.hpp"
#include "repo/calendar.hpp"

namespace dbsnap {
namespace {

struct PeriodRule {
  KeepRule rule;
  Period period;
  std::optional<unsigned> KeepRules::*count;
};

constexpr PeriodRule kPeriodRules[] = {
    {KeepRule::hourly, Period::hour, &KeepRules::hourly}, {KeepRule::daily, Period::day, &KeepRules::daily},
    {KeepRule::weekly, Period::week, &KeepRules::weekly}, {KeepRule::monthly, Period::month, &KeepRules::monthly},
    {KeepRule::yearly, Period::year, &KeepRules::yearly},
};

/// "7d", "36h" or "90s".
std::string age_text(std::chrono::seconds age) {
  constexpr std::chrono::seconds kHour = std::chrono::hours(1);
  constexpr std::chrono::seconds kDay = std::chrono::hours(24);
  if (age % kDay == age.zero()) return std::to_string(age / kDay) + "d";
  if (age % kHour == age.zero()) return std::to_string(age / kHour) + "h";
  return std::to_string(age.count()) + "s";
}

/// One run of the policy over the snapshots of one source.
class Evaluation {
 public:
  Evaluation(const KeepRules& rules, std::span<const SnapshotSummary> snapshots, TimePoint now)
      : rules_(rules), now_(now) {
    order(snapshots);
  }

  std::map<std::string_view, std::vector<KeepReason>> run() && {
    for (const SnapshotSummary* snapshot : future_) keep(*snapshot, KeepRule::future, time_text(snapshot->time));
    if (rules_.last) keep_last(*rules_.last);
    if (rules_.within) keep_within(*rules_.within);
    for (const PeriodRule& rule : kPeriodRules) {
      if (rules_.*rule.count) keep_periods(rule, *(rules_.*rule.count));
    }
    keep_marked();
    keep_newest_good();
    keep_minimum();
    return std::move(reasons_);
  }

 private:
  /// Splits off what is dated later than now and sorts the rest, newest first. The id only settles
  /// equal times, so that the verdicts do not depend on the order of the input.
  void order(std::span<const SnapshotSummary> snapshots) {
    std::set<std::string_view> seen;
    for (const SnapshotSummary& snapshot : snapshots) {
      if (!seen.insert(snapshot.id).second) continue;
      (snapshot.time > now_ ? future_ : past_).push_back(&snapshot);
    }
    std::ranges::sort(past_, [](const SnapshotSummary* a, const SnapshotSummary* b) {
      return std::tie(a->time, a->id) > std::tie(b->time, b->id);
    });
  }

  void keep(const SnapshotSummary& snapshot, KeepRule rule, std::string detail) {
    reasons_[snapshot.id].push_back({rule, std::move(detail)});
  }

  /// The newest ones until `count` of them are good: a damaged one takes no good one's place.
  void keep_last(unsigned count) {
    std::size_t place = 0;
    unsigned good = 0;
    for (const SnapshotSummary* snapshot : past_) {
      if (good == count) break;
      keep(*snapshot, KeepRule::last, std::to_string(++place));
      if (snapshot->good) ++good;
    }
  }

  /// Counted in whole seconds, which cannot overflow where nanoseconds could.
  void keep_within(std::chrono::seconds age) {
    using std::chrono::floor;
    using std::chrono::seconds;
    for (const SnapshotSummary* snapshot : past_) {
      if (floor<seconds>(now_) - floor<seconds>(snapshot->time) > age) break;
      keep(*snapshot, KeepRule::within, age_text(age));
    }
  }

  /// One snapshot of each of the newest periods that hold any: the newest good one, or else the
  /// newest. A period without a good one is kept but takes no other's place.
  void keep_periods(const PeriodRule& rule, unsigned count) {
    unsigned good = 0;
    for (auto at = past_.begin(); at != past_.end() && good < count;) {
      const std::string name = period_name(rule.period, (*at)->time);
      const auto end = std::find_if(
          at, past_.end(), [&](const SnapshotSummary* other) { return period_name(rule.period, other->time) != name; });
      const auto best = std::find_if(at, end, [](const SnapshotSummary* snapshot) { return snapshot->good; });
      if (best != end) ++good;
      keep(best != end ? **best : **at, rule.rule, name);
      at = end;
    }
  }

  void keep_marked() {
    for (const auto* list : {&past_, &future_}) {
      for (const SnapshotSummary* snapshot : *list) {
        for (const std::string& tag : rules_.tags) {
          if (std::ranges::find(snapshot->tags, tag) != snapshot->tags.end()) keep(*snapshot, KeepRule::tagged, tag);
        }
        if (snapshot->pinned) keep(*snapshot, KeepRule::pinned, "");
      }
    }
  }

  void keep_newest_good() {
    const auto found = std::ranges::find_if(past_, [](const SnapshotSummary* snapshot) { return snapshot->good; });
    if (found != past_.end())
      keep(**found, KeepRule::newest_good, "");
    else if (!past_.empty())
      keep(*past_.front(), KeepRule::newest_good, "none is known to be good");
  }

  /// The newest good ones; damaged ones count only where there are not enough of them.
  void keep_minimum() {
    std::vector<const SnapshotSummary*> best = past_;
    std::stable_partition(best.begin(), best.end(), [](const SnapshotSummary* snapshot) { return snapshot->good; });
    best.resize(std::min<std::size_t>(best.size(), rules_.minimum));
    for (const SnapshotSummary* snapshot : best) {
      if (!reasons_.contains(snapshot->id)) keep(*snapshot, KeepRule::minimum, std::to_string(rules_.minimum));
    }
  }

  const KeepRules& rules_;
  TimePoint now_;
  std::vector<const SnapshotSummary*> past_;  ///< newest first
  std::vector<const SnapshotSummary*> future_;
  std::map<std::string_view, std::vector<KeepReason>> reasons_;
};

class KeepPolicy final : public RetentionPolicy {
 public:
  explicit KeepPolicy(KeepRules rules) : rules_(std::move(rules)) {}

  std::vector<Verdict> evaluate(std::span<const SnapshotSummary> snapshots, TimePoint now) const override {
    std::vector<Verdict> verdicts;
    verdicts.reserve(snapshots.size());
    if (!rules_.any()) {
      for (const SnapshotSummary& snapshot : snapshots) verdicts.push_back({snapshot.id, true, {KeepReason{}}});
      return verdicts;
    }
    const auto reasons = Evaluation(rules_, snapshots, now).run();
    for (const SnapshotSummary& snapshot : snapshots) {
      const auto found = reasons.find(snapshot.id);
      if (found == reasons.end())
        verdicts.push_back({snapshot.id, false, {}});
      else
        verdicts.push_back({snapshot.id, true, found->second});
    }
    return verdicts;
  }

 private:
  KeepRules rules_;
};

}  // namespace

std::string_view name_of(KeepRule rule) noexcept {
  switch (rule) {
    case KeepRule::last:
      return "last";
    case KeepRule::within:
      return "within";
    case KeepRule::hourly:
      return "hourly";
    case KeepRule::daily:
      return "daily";
    case KeepRule::weekly:
      return "weekly";
    case KeepRule::monthly:
      return "monthly";
    case KeepRule::yearly:
      return "yearly";
    case KeepRule::tagged:
      return "tagged";
    case KeepRule::pinned:
      return "pinned";
    case KeepRule::newest_good:
      return "newest_good";
    case KeepRule::minimum:
      return "minimum";
    case KeepRule::no_rule:
      return "no_rule";
    case KeepRule::future:
      return "future";
  }
  return "no_rule";
}

bool KeepRules::any() const noexcept {
  return last || within || hourly || daily || weekly || monthly || yearly || !tags.empty();
}

std::unique_ptr<RetentionPolicy> make_keep_policy(KeepRules rules) {
  return std::make_unique<KeepPolicy>(std::move(rules));
}

}  // namespace dbsnap
