// Prune run: carries out a plan by the protocol of docs/concurrency.md, steps C0 to C7.
#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dbsnap/error.hpp"
#include "repo/catalog.hpp"
#include "repo/progress_meter.hpp"
#include "repo/prune.hpp"
#include "repo/prune_candidates.hpp"
#include "repo/repository_view.hpp"
#include "repo/rounds.hpp"
#include "repo/session_watch.hpp"
#include "repo/store_probe.hpp"
#include "repo/tidying.hpp"

namespace dbsnap {
namespace {

using PackSizes = std::unordered_map<PackId, std::uint64_t, PackIdHash>;

constexpr std::size_t kRemovedAtOnce = 256;
constexpr std::string_view kLastPrune = "was there at the last prune";

Error not_listed(const SessionId& id, std::string_view when) {
  return Error(ErrorCode::locked, "snapshot " + to_text(id) + " " + std::string(when) + " and is not listed any more")
      .why("a listing that misses objects must not decide what is deleted")
      .hint("dbsnap prune --dry-run")
      .with("snapshot", to_text(id));
}

/// What the prune was planned in view of.
RoundPlan seen_by(const PrunePlan& plan) {
  RoundPlan planned;
  for (const std::string& id : plan.seen) {
    if (const auto session = parse_session_id(id)) planned.seen.push_back(*session);
  }
  return planned;
}

class PruneRun {
 public:
  PruneRun(const RepositoryState& state, const PrunePlan& plan, const ApplyOptions& options, const Context& context)
      : state_(state),
        plan_(plan),
        planned_(seen_by(plan)),
        options_(options),
        context_(context),
        meter_(context, Phase::prune),
        reader_(state) {}

  PruneReport run() {
    require_store();
    // Before anything is waited for or decided.
    check_planned(view_repository(state_, context_));
    settle_dead();
    forget_chosen();
    while (true) {
      const Round newest = newest_round(state_, context_);
      if (!newest.done) {
        close_round(newest.number);
        continue;
      }
      const RoundPlan plan = make_round_plan(newest.number);
      if (plan.condemned.empty()) break;
      // Who loses works on the winner's round.
      if (!put_plan(state_, newest.number + 1, plan, context_)) continue;
      close_round(newest.number + 1);
      break;
    }
    tidy_snapshots(state_, context_);
    meter_.finish_phase();
    return report_;
  }

 private:
  // The store is tried out each time: it may have been moved, or be broken.
  void require_store() {
    if (options_.exclusive) return;
    const StoreModes now = probe_store(*state_.sink, context_);
    const StoreModes& created = state_.config.store;
    modes_ = {.if_absent = now.if_absent && created.if_absent,
              .list_after_write = now.list_after_write && created.list_after_write};
    if (!modes_.list_after_write) {
      throw Error(ErrorCode::locked, "the store does not list what was just written, so prune cannot run beside others")
          .why("a snapshot that a listing hides would lose its data")
          .hint("dbsnap prune --exclusive once nothing else uses the repository");
    }
    if (!modes_.if_absent && context_.log) {
      context_.log(
          LogLevel::warning,
          "the store does not honour create-if-absent: prune waits for every running snapshot and fences none; "
          "run one prune at a time");
    }
  }

  // The packs of a session that died are nobody's; those of one that lives are left alone by this prune. A snapshot
  // that was there and has lost its manifest looks like a session that died, and must not be fenced.
  void settle_dead() {
    const RepositoryView view = view_repository(state_, context_);
    if (view.unfinished.empty() || waits_for_nobody()) return;
    check_last_prune(newest_round(state_, context_).number, view);
    watch(view.unfinished, false);
  }

  void refuse_to_wait(const RepositoryView& view) const {
    if (view.unfinished.empty() || !waits_for_nobody()) return;
    throw still_running(view.unfinished.front(), "it runs still, or its process was killed",
                        "dbsnap prune, which waits for it");
  }

  [[nodiscard]] bool waits_for_nobody() const {
    return !options_.wait && !options_.exclusive && !options_.discard_unfinished;
  }

  void watch(const std::vector<SessionRecord>& sessions, bool until_over) {
    const bool at_once = options_.exclusive || options_.discard_unfinished;
    const WatchOptions watching{.patience = at_once ? std::chrono::nanoseconds::zero() : options_.patience,
                                .may_fence = modes_.if_absent || options_.exclusive,
                                .until_over = until_over};
    report_.fenced += watch_sessions(state_, sessions, watching, context_).size();
  }

  // What a dry run showed must be there still.
  void check_planned(const RepositoryView& view) { check_seen(planned_, view, "was there when the prune was planned"); }

  void check_last_prune(std::uint64_t last_round, const RepositoryView& view) {
    check_seen(find_plan(state_, last_round, context_).value_or(RoundPlan{}), view, kLastPrune);
  }

  // Other snapshots go because these stay.
  void check_kept(const std::vector<Candidate>& candidates) const {
    std::set<std::string> good;
    for (const Candidate& candidate : candidates) {
      if (candidate.summary.good) good.insert(candidate.summary.id);
    }
    for (const PruneDecision& decision : plan_.decisions) {
      const std::string& id = decision.snapshot.id;
      if (!decision.verdict.keep || !decision.snapshot.good || good.contains(id)) continue;
      throw Error(ErrorCode::locked,
                  "snapshot " + id + ", which was to stay, was forgotten or found damaged since the prune was planned")
          .hint("dbsnap prune --dry-run")
          .with("snapshot", id);
    }
  }

  // C0
  void forget_chosen() {
    const RepositoryView view = view_repository(state_, context_);
    const auto candidates = reader_.read(view.live, context_);
    std::set<std::string> wanted;
    for (const PruneDecision& decision : plan_.decisions) {
      if (!decision.verdict.keep) wanted.insert(decision.snapshot.id);
    }
    if (wanted.empty()) return;
    refuse_to_wait(view);
    check_kept(candidates);
    for (const Candidate& candidate : candidates) {
      // One that was pinned since the plan was made stays.
      if (!wanted.contains(candidate.summary.id) || candidate.summary.pinned) continue;
      put_tombstone(state_, candidate.name.session, context_);
      ++report_.snapshots_removed;
    }
  }

  // C1. Packs first: one that is put later belongs to a session that the view shows.
  RoundPlan make_round_plan(std::uint64_t last_round) {
    const auto packs = list_packs(state_, context_);
    const RepositoryView view = view_repository(state_, context_);
    const auto candidates = reader_.read(view.live, context_);
    check_planned(view);
    check_last_prune(last_round, view);
    std::set<SessionId> running;
    for (const SessionRecord& session : view.unfinished) running.insert(session.id);
    const auto needed = packs_of(candidates);
    RoundPlan plan;
    for (const auto& entry : packs) {
      const PackId& id = entry.first;
      if (!needed.contains(id) && !running.contains(id.session)) plan.condemned.push_back(id);
    }
    std::ranges::sort(plan.condemned);
    for (const Candidate& candidate : candidates) plan.seen.push_back(candidate.name.session);
    if (!plan.condemned.empty()) refuse_to_wait(view);
    return plan;
  }

  // What was seen then is there, or has a tombstone.
  void check_seen(const RoundPlan& plan, const RepositoryView& view, std::string_view then) {
    std::set<SessionId> live;
    for (const ManifestName& name : view.live) live.insert(name.session);
    for (const SessionId& id : plan.seen) {
      if (live.contains(id) || view.forgotten.contains(id) || has_tombstone(state_, id, context_)) continue;
      throw not_listed(id, then);
    }
  }

  // C3 to C7.
  void close_round(std::uint64_t round) {
    std::optional<RoundVerdict> verdict = find_verdict(state_, round, context_);
    if (!verdict) {
      const auto plan = open_plan(state_, round, context_);
      if (!plan) return;
      verdict = settle_verdict(state_, round, judge(*plan), context_);
    }
    if (!verdict) return;
    carry_out(*verdict);
    finish_round(state_, round, context_);
  }

  RoundVerdict judge(const RoundPlan& plan) {
    const RepositoryView before = view_repository(state_, context_);
    check_seen(plan, before, kLastPrune);
    refuse_to_wait(before);
    watch(before.unfinished, true);
    RepositoryView view = view_repository(state_, context_);
    add_settled(before, view);
    check_seen(plan, view, kLastPrune);
    check_planned(view);
    const auto needed = packs_of(reader_.read(view.live, context_));
    RoundVerdict verdict;
    std::ranges::set_difference(plan.condemned, needed, std::back_inserter(verdict.packs));
    check_owners(verdict, view);
    return verdict;
  }

  // What was live or waited for is looked up by its key, so that no listing can hide it between the two views.
  void add_settled(const RepositoryView& before, RepositoryView& view) {
    std::set<SessionId> known = view.forgotten;
    for (const ManifestName& name : view.live) known.insert(name.session);
    std::vector<ManifestName> earlier = before.live;
    for (const SessionRecord& session : before.unfinished) earlier.push_back(session.manifest);
    for (ManifestName& name : earlier) {
      if (known.contains(name.session) || has_tombstone(state_, name.session, context_)) continue;
      if (outcome_of(state_, name, context_) == Outcome::snapshot) view.live.push_back(std::move(name));
    }
  }

  // The session of a pack that is to go has committed no snapshot, unless one that the view shows or a forgotten one.
  void check_owners(const RoundVerdict& verdict, const RepositoryView& view) {
    std::set<SessionId> known = view.forgotten;
    for (const ManifestName& name : view.live) known.insert(name.session);
    for (const PackId& pack : verdict.packs) {
      if (!known.insert(pack.session).second) continue;
      const auto record = find_session(state_, pack.session, context_);
      if (!record || has_tombstone(state_, pack.session, context_)) continue;
      if (outcome_of(state_, record->manifest, context_) == Outcome::fence) continue;
      throw not_listed(pack.session, "has stored data");
    }
  }

  // C7. Removing twice, or long after, is harmless: the names are gone and never come back.
  void carry_out(const RoundVerdict& verdict) {
    tidy_snapshots(state_, context_);
    const auto sizes = list_packs(state_, context_);
    std::span<const PackId> rest = verdict.packs;
    while (!rest.empty()) {
      const auto batch = rest.first(std::min(rest.size(), kRemovedAtOnce));
      rest = rest.subspan(batch.size());
      remove_packs(batch, sizes);
    }
  }

  void remove_packs(std::span<const PackId> packs, const PackSizes& sizes) {
    context_.check();
    std::vector<std::string> keys;
    for (const PackId& id : packs) keys.push_back(pack_key(id));
    state_.sink->remove_all(keys, context_);
    for (const PackId& id : packs) {
      const auto found = sizes.find(id);
      if (found == sizes.end()) continue;  // removed before by a prune that was broken off
      ++report_.packs_removed;
      report_.bytes_freed += found->second;
      meter_.add_done(found->second);
      meter_.add_items(1);
    }
    meter_.report();
  }

  const RepositoryState& state_;
  const PrunePlan& plan_;
  const RoundPlan planned_;
  const ApplyOptions& options_;
  const Context& context_;
  ProgressMeter meter_;
  CandidateReader reader_;
  StoreModes modes_;
  PruneReport report_;
};

}  // namespace

PruneReport apply_prune_plan(const RepositoryState& state, const PrunePlan& plan, const ApplyOptions& options,
                             const Context& context) {
  return PruneRun(state, plan, options, context).run();
}

}  // namespace dbsnap
