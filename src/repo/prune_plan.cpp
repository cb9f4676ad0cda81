// Prune plan: what a policy would keep and remove, without removing anything.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dbsnap/error.hpp"
#include "repo/catalog.hpp"
#include "repo/pending.hpp"
#include "repo/prune.hpp"
#include "repo/prune_candidates.hpp"
#include "repo/repository_view.hpp"

namespace dbsnap {
namespace {

std::vector<Verdict> judge(const RetentionPolicy& policy, const std::vector<SnapshotSummary>& summaries,
                           TimePoint now) {
  auto verdicts = policy.evaluate(summaries, now);
  bool fits = verdicts.size() == summaries.size();
  for (std::size_t i = 0; fits && i < verdicts.size(); ++i) fits = verdicts[i].id == summaries[i].id;
  if (!fits)
    throw Error(ErrorCode::invalid_argument, "the retention policy did not give one verdict per snapshot, in order");
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (!summaries[i].pinned || verdicts[i].keep) continue;
    verdicts[i].keep = true;
    verdicts[i].reasons = {{KeepRule::pinned, ""}};
  }
  return verdicts;
}

void decide(const std::vector<Candidate>& candidates, const RetentionPolicy& policy, const SnapshotFilter& filter,
            TimePoint now, PrunePlan& plan) {
  std::map<std::string, std::vector<SnapshotSummary>> by_source;
  for (const Candidate& candidate : candidates) {
    if (matches(filter, candidate.summary)) by_source[candidate.summary.source_key].push_back(candidate.summary);
  }
  for (auto& [source, summaries] : by_source) {
    std::ranges::stable_sort(summaries, std::ranges::greater(), &SnapshotSummary::time);
    const auto verdicts = judge(policy, summaries, now);
    for (std::size_t i = 0; i < summaries.size(); ++i) plan.decisions.push_back({summaries[i], verdicts[i]});
  }
}

// A snapshot that another repository has not got yet may go all the same: a store that never comes back would keep it
// for ever. Whoever looks at the plan is told.
void note_pending_copies(const RepositoryState& state, PrunePlan& plan, const Context& context) {
  for (const PendingCopy& copy : load_pending(state, context)) {
    const auto decision =
        std::ranges::find(plan.decisions, copy.snapshot, [](const PruneDecision& made) { return made.snapshot.id; });
    if (decision != plan.decisions.end()) decision->pending.push_back(copy.to);
  }
}

}  // namespace

PrunePlan make_prune_plan(const RepositoryState& state, const RetentionPolicy& policy, const SnapshotFilter& filter,
                          const Context& context) {
  PrunePlan plan;
  // Packs first: one that is put later belongs to a session that the view shows.
  const auto packs = list_packs(state, context);
  const RepositoryView view = view_repository(state, context);
  std::set<SessionId> running;
  for (const SessionRecord& session : view.unfinished) running.insert(session.id);
  plan.unfinished = unfinished_sessions(view);
  const auto candidates = CandidateReader(state).read(view.live, context);
  decide(candidates, policy, filter, context.clock->now(), plan);
  note_pending_copies(state, plan, context);

  std::set<std::string> removed;
  for (const PruneDecision& decision : plan.decisions) {
    if (!decision.verdict.keep) removed.insert(decision.snapshot.id);
  }
  const auto kept = packs_of(candidates, removed);
  for (const auto& [id, size] : packs) {
    if (kept.contains(id) || running.contains(id.session)) continue;
    plan.packs.push_back({pack_key(id), size});
    plan.bytes_freed += size;
  }
  std::ranges::sort(plan.packs, {}, &ObjectInfo::key);

  for (const Candidate& candidate : candidates) {
    plan.seen.push_back(candidate.summary.id);
    if (removed.contains(candidate.summary.id)) {
      const auto decision = std::ranges::find(plan.decisions, candidate.summary.id,
                                              [](const PruneDecision& made) { return made.snapshot.id; });
      for (const PackId& id : candidate.packs) {
        const auto size = packs.find(id);
        if (size != packs.end() && !kept.contains(id)) decision->bytes_freed += size->second;
      }
    } else if (!plan.oldest_kept || candidate.summary.time < *plan.oldest_kept) {
      plan.oldest_kept = candidate.summary.time;
    }
  }
  return plan;
}

}  // namespace dbsnap
