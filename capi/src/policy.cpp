// Retention policies: the built-in one, and a user's table of functions.
#include <algorithm>
#include <array>
#include <chrono>

#include "callback_context.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/retention.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "option_reader.hpp"

namespace dbsnap::capi {
namespace {

constexpr std::array kRules{KeepRule::last,   KeepRule::within,      KeepRule::hourly,  KeepRule::daily,
                            KeepRule::weekly, KeepRule::monthly,     KeepRule::yearly,  KeepRule::tagged,
                            KeepRule::pinned, KeepRule::newest_good, KeepRule::minimum, KeepRule::no_rule,
                            KeepRule::future};

KeepRule rule_named(std::string_view name) {
  const auto found = std::ranges::find(kRules, name, [](KeepRule rule) { return name_of(rule); });
  if (found != kRules.end()) return *found;
  std::string known;
  for (const KeepRule rule : kRules) known.append(known.empty() ? "" : ", ").append(name_of(rule));
  throw Error(ErrorCode::invalid_argument, "unknown rule " + std::string(name) + "; known are " + known);
}

Verdict& verdict_at(dbsnap_verdicts* verdicts, size_t index) {
  auto& all = required(verdicts, "verdicts").verdicts;
  if (index >= all.size()) {
    throw Error(ErrorCode::invalid_argument,
                "no snapshot has index " + std::to_string(index) + " among " + std::to_string(all.size()));
  }
  return all[index];
}

class TablePolicy final : public RetentionPolicy {
 public:
  explicit TablePolicy(const dbsnap_policy_table& table) : table_(table) {}
  void adopt(void* user_data) { data_ = UserData(user_data, table_.destroy); }

  [[nodiscard]] std::vector<Verdict> evaluate(std::span<const SnapshotSummary> snapshots,
                                              TimePoint now) const override {
    dbsnap_verdicts verdicts;
    for (const SnapshotSummary& snapshot : snapshots)
      verdicts.verdicts.push_back({.id = snapshot.id, .keep = true, .reasons = {}});
    const dbsnap_document document(to_json(std::vector<SnapshotSummary>(snapshots.begin(), snapshots.end())));
    run_callback("evaluate of the custom policy", [&](dbsnap_error** error) {
      return table_.evaluate(data_.get(), &document, now.time_since_epoch().count(), &verdicts, error);
    });
    for (Verdict& verdict : verdicts.verdicts) {
      if (verdict.keep && verdict.reasons.empty()) verdict.reasons.push_back({KeepRule::no_rule, "not decided"});
    }
    return std::move(verdicts.verdicts);
  }

 private:
  dbsnap_policy_table table_;
  UserData data_;
};

}  // namespace
}  // namespace dbsnap::capi

using dbsnap::capi::guarded;
using dbsnap::capi::required;
using dbsnap::capi::required_text;

dbsnap_status dbsnap_policy_create_keep(const dbsnap_options* options, dbsnap_policy** policy, dbsnap_error** error) {
  if (policy != nullptr) *policy = nullptr;
  return guarded(error, [&] {
    auto made = dbsnap::make_keep_policy(dbsnap::capi::keep_rules(options));
    required(policy, "policy") = new dbsnap_policy{std::move(made)};
  });
}

dbsnap_status dbsnap_policy_create(const dbsnap_policy_table* table, void* user_data, dbsnap_policy** policy,
                                   dbsnap_error** error) {
  if (policy != nullptr) *policy = nullptr;
  return guarded(error, [&] {
    const auto copy = dbsnap::capi::copy_table(table, "the policy table");
    dbsnap::capi::require_member(copy.evaluate, "the policy table", "evaluate");
    required(policy, "policy");
    auto made = std::make_shared<dbsnap::capi::TablePolicy>(copy);
    *policy = new dbsnap_policy{made};
    made->adopt(user_data);  // last: from here on nothing fails, so destroy runs only after success
  });
}

void dbsnap_policy_free(dbsnap_policy* policy) { delete policy; }

dbsnap_status dbsnap_verdicts_keep(dbsnap_verdicts* verdicts, size_t index, const char* rule, const char* detail,
                                   dbsnap_error** error) {
  return guarded(error, [&] {
    auto& verdict = dbsnap::capi::verdict_at(verdicts, index);
    const auto known = dbsnap::capi::rule_named(required_text(rule, "rule"));
    verdict.reasons.push_back({known, detail != nullptr ? detail : ""});
    verdict.keep = true;
  });
}

dbsnap_status dbsnap_verdicts_remove(dbsnap_verdicts* verdicts, size_t index, dbsnap_error** error) {
  return guarded(error, [&] {
    auto& verdict = dbsnap::capi::verdict_at(verdicts, index);
    verdict.keep = false;
    verdict.reasons.clear();
  });
}
