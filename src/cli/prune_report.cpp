// Lays out what a prune would keep and remove, and why.
#include "cli/prune_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/table.hpp"
#include "cli/text.hpp"

namespace dbsnap::cli {
namespace {

/// "newest_good" as people write it.
std::string rule_text(KeepRule rule) {
  std::string text(name_of(rule));
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::string why_text(const Verdict& verdict) {
  if (!verdict.keep) return "no rule keeps it";
  std::vector<std::string> reasons;
  for (const KeepReason& reason : verdict.reasons) {
    reasons.push_back(reason.detail.empty() ? rule_text(reason.rule)
                                            : fmt::format("{} {}", rule_text(reason.rule), reason.detail));
  }
  return joined(reasons, ", ");
}

std::string pending_text(const PruneDecision& decision, const std::string& why) {
  if (decision.verdict.keep || decision.pending.empty()) return why;
  return fmt::format("{}; {} pending", why, decision.pending.size() == 1 ? "a copy is" : "copies are");
}

std::string decisions_text(const PrunePlan& plan) {
  std::vector<std::string> ids;
  for (const PruneDecision& decision : plan.decisions) ids.push_back(decision.snapshot.id);
  const std::size_t digits = distinct_prefix(ids);
  Table table({{"SNAPSHOT"}, {"TIME (UTC)"}, {"SOURCE"}, {"KEPT"}, {"FREES", Align::right}, {"WHY"}});
  for (const PruneDecision& decision : plan.decisions) {
    const bool keep = decision.verdict.keep;
    table.row({decision.snapshot.id.substr(0, digits), table_time(decision.snapshot.time),
               decision.snapshot.source.name, keep ? "yes" : "no", keep ? "" : size_text(decision.bytes_freed),
               pending_text(decision, why_text(decision.verdict))});
  }
  return table.empty() ? "" : table.text();
}

}  // namespace

std::uint64_t snapshots_to_remove(const PrunePlan& plan) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(plan.decisions, [](const PruneDecision& decision) { return !decision.verdict.keep; }));
}

std::string removal_text(const PrunePlan& plan, bool with_unfinished) {
  const std::string snapshots = counted(snapshots_to_remove(plan), "snapshot");
  if (!with_unfinished || plan.unfinished.empty()) return snapshots;
  return fmt::format("{} and {} unfinished", snapshots, plan.unfinished.size());
}

std::string reach_text(const PrunePlan& plan) {
  return plan.oldest_kept ? fmt::format("restore reaches back to {} UTC", table_time(*plan.oldest_kept))
                          : "there is no snapshot to restore";
}

std::uint64_t removed_while_pending(const PrunePlan& plan) {
  return static_cast<std::uint64_t>(std::ranges::count_if(plan.decisions, [](const PruneDecision& decision) {
    return !decision.verdict.keep && !decision.pending.empty();
  }));
}

std::string plan_text(const PrunePlan& plan) {
  std::string text = decisions_text(plan);
  for (const UnfinishedSession& session : plan.unfinished) {
    text +=
        printable(fmt::format("unfinished: {} of {} on {}, begun {} UTC; being taken now, or its process was killed",
                              short_id(session.id), session.source, session.host, table_time(session.started))) +
        '\n';
  }
  return text + fmt::format("{} of {} go, {} freed in {}; afterwards {}\n", snapshots_to_remove(plan),
                            counted(plan.decisions.size(), "snapshot"), size_text(plan.bytes_freed),
                            counted(plan.packs.size(), "pack"), reach_text(plan));
}

}  // namespace dbsnap::cli
