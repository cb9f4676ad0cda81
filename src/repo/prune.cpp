#include "repo/prune.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dbsnap/error.hpp"
#include "format/manifest_codec.hpp"
#include "repo/catalog.hpp"
#include "repo/progress_meter.hpp"

namespace dbsnap {
namespace {

/// A snapshot as far as prune looks at it.
struct Candidate {
  ManifestName name;
  SnapshotSummary summary;
  std::vector<PackId> packs;
};

std::vector<Candidate> load_candidates(const RepositoryState& state, const Context& context) {
  const auto pinned = list_ids(state, kPinPrefix, context);
  const auto damaged = list_ids(state, kDamagedPrefix, context);
  std::vector<Candidate> candidates;
  for (const ManifestName& name : list_manifests(state, {}, context)) {
    // A manifest that cannot be read stops the prune: nobody knows which packs it needs.
    const auto loaded = load_unless_fenced(state, name, context);
    if (!loaded) continue;
    const Manifest& manifest = *loaded;
    Candidate candidate{.name = name, .summary = summary_of(manifest), .packs = {}};
    candidate.summary.pinned = pinned.contains(manifest.id);
    candidate.summary.good = !damaged.contains(manifest.id);
    for (const PackInfo& pack : manifest.packs) {
      const auto id = parse_pack_key(pack.key);
      if (!id)
        throw Error(ErrorCode::damaged, "the manifest of snapshot " + manifest.id + " names no pack: " + pack.key);
      candidate.packs.push_back(*id);
    }
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

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

std::set<PackId> packs_of(const std::vector<Candidate>& candidates, const std::set<std::string>& removed) {
  std::set<PackId> packs;
  for (const Candidate& candidate : candidates) {
    if (!removed.contains(candidate.summary.id)) packs.insert(candidate.packs.begin(), candidate.packs.end());
  }
  return packs;
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
    for (std::size_t i = 0; i < summaries.size(); ++i) plan.decisions.push_back({summaries[i], verdicts[i], 0});
  }
}

/// A plan that is being carried out.
class PruneWork {
 public:
  PruneWork(const RepositoryState& state, const PrunePlan& plan, const Context& context)
      : state_(state), plan_(plan), context_(context), meter_(context, Phase::prune) {}

  PruneReport run(const ApplyOptions& options) {
    settle_sessions(options);
    const auto candidates = load_candidates(state_, context_);
    check_seen(candidates);
    const auto removed = choose_removed(candidates);
    const auto kept_packs = packs_of(candidates, removed);
    for (const Candidate& candidate : candidates) {
      if (!removed.contains(candidate.summary.id)) continue;
      remove_manifest(state_, candidate.name, context_);
      ++report_.snapshots_removed;
    }
    finish_forgets();
    remove_packs(kept_packs);
    meter_.finish_phase();
    return report_;
  }

 private:
  void settle_sessions(const ApplyOptions& options) {
    const auto unfinished = list_unfinished(state_, context_);
    if (unfinished.empty()) return;
    const SessionRecord& first = unfinished.front();
    if (!options.discard_unfinished) {
      throw Error(ErrorCode::locked, "a snapshot of " + first.source + " by host " + first.host + " has not finished")
          .why("session " + to_text(first.id) + " runs still, or its process was killed")
          .hint("dbsnap prune --discard-unfinished")
          .retryable()
          .with("session", to_text(first.id));
    }
    for (const SessionRecord& session : unfinished) fence(session);
  }

  // The manifest's key is taken first, so that a writer that is alive after all cannot commit; one
  // that has committed meanwhile is finished and stays.
  void fence(const SessionRecord& session) {
    const std::string key = manifest_key(session.manifest);
    const bool taken = !put_object(state_, ObjectType::forgotten, key, "{}", context_);
    if (taken && !is_fenced(state_, session.manifest, context_)) return;
    put_object(state_, ObjectType::forgotten, forgotten_key(session.id), "{}", context_);
    state_.sink->remove(session_key(session.id), context_);
    discarded_.insert(session.id);
  }

  // A forget that broke off has left things behind its tombstone. A fence looks like one, and stays.
  void finish_forgets() const {
    const auto forgotten = list_ids(state_, kForgottenPrefix, context_);
    std::vector<ManifestName> left;
    state_.sink->list(
        kSnapshotPrefix,
        [&](const ObjectInfo& object) {
          auto name = parse_manifest_key(object.key);
          if (name && forgotten.contains(to_text(name->session))) left.push_back(*std::move(name));
          return true;
        },
        context_);
    for (const ManifestName& name : left) {
      if (!is_fenced(state_, name, context_)) remove_manifest(state_, name, context_);
    }
    for (const std::string& id : list_ids(state_, kSessionPrefix, context_)) {
      if (forgotten.contains(id)) state_.sink->remove(session_key(parse_session_id(id).value()), context_);
    }
  }

  void check_seen(const std::vector<Candidate>& candidates) {
    std::set<std::string> present;
    for (const Candidate& candidate : candidates) present.insert(candidate.summary.id);
    const auto forgotten = list_ids(state_, kForgottenPrefix, context_);
    for (const std::string& id : plan_.seen) {
      if (present.contains(id) || forgotten.contains(id)) continue;
      throw Error(ErrorCode::locked,
                  "snapshot " + id + " was there when the prune was planned and is not listed any more")
          .why("a listing that misses objects must not decide what is deleted")
          .hint("dbsnap prune --dry-run")
          .with("snapshot", id);
    }
  }

  std::set<std::string> choose_removed(const std::vector<Candidate>& candidates) const {
    std::set<std::string> wanted;
    for (const PruneDecision& decision : plan_.decisions) {
      if (!decision.verdict.keep) wanted.insert(decision.snapshot.id);
    }
    std::set<std::string> removed;
    for (const Candidate& candidate : candidates) {
      // Pinned since the plan was made.
      if (wanted.contains(candidate.summary.id) && !candidate.summary.pinned) removed.insert(candidate.summary.id);
    }
    return removed;
  }

  void remove_packs(const std::set<PackId>& kept) {
    std::set<PackId> planned;
    for (const ObjectInfo& pack : plan_.packs) {
      if (const auto id = parse_pack_key(pack.key)) planned.insert(*id);
    }
    for (const auto& [id, size] : list_packs(state_, context_)) {
      const bool goes = planned.contains(id) || discarded_.contains(id.session);
      if (!goes || kept.contains(id)) continue;
      context_.check();
      state_.sink->remove(pack_key(id), context_);
      ++report_.packs_removed;
      report_.bytes_freed += size;
      meter_.add_done(size);
      meter_.add_items(1);
      meter_.report();
    }
  }

  const RepositoryState& state_;
  const PrunePlan& plan_;
  const Context& context_;
  ProgressMeter meter_;
  PruneReport report_;
  std::set<SessionId> discarded_;
};

}  // namespace

PrunePlan make_prune_plan(const RepositoryState& state, const RetentionPolicy& policy, const SnapshotFilter& filter,
                          const Context& context) {
  PrunePlan plan;
  // Sessions before manifests: one that finishes in between is then seen in at least one of the two lists.
  std::set<SessionId> running;
  for (const SessionRecord& session : list_unfinished(state, context)) {
    plan.unfinished.push_back({to_text(session.id), session.host, session.source, session.manifest.started});
    running.insert(session.id);
  }
  const auto packs = list_packs(state, context);
  const auto candidates = load_candidates(state, context);
  decide(candidates, policy, filter, context.clock->now(), plan);

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

PruneReport apply_prune_plan(const RepositoryState& state, const PrunePlan& plan, const ApplyOptions& options,
                             const Context& context) {
  return PruneWork(state, plan, context).run(options);
}

}  // namespace dbsnap
