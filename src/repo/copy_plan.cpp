#include "repo/copy_plan.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dbsnap/error.hpp"
#include "format/manifest_codec.hpp"
#include "repo/at_once.hpp"
#include "repo/catalog.hpp"
#include "repo/damage_marks.hpp"
#include "repo/source_identity.hpp"

namespace dbsnap {
namespace {

using State = SnapshotCopy::State;
using Identity = std::pair<std::string, std::string>;  // of an Origin

/// What the target has of one snapshot.
struct Held {
  ManifestName name;
  bool good = true;
  bool only_packs = true;  ///< nothing but packs of it is damaged
};

class CopyPlanner {
 public:
  CopyPlanner(const RepositoryState& from, const RepositoryState& to, const CopyOptions& options,
              const Context& context)
      : from_(from), to_(to), options_(options), context_(context) {}

  std::vector<CopyCandidate> run() {
    read_source();
    choose();
    read_target();
    for (CopyCandidate& candidate : candidates_) compare(candidate);
    return std::move(candidates_);
  }

 private:
  void read_source() {
    const auto pinned = list_ids(from_, kPinPrefix, context_);
    const auto damaged = list_ids(from_, kDamagedPrefix, context_);
    const auto names = list_manifests(from_, {}, context_);
    std::vector<std::optional<CopyCandidate>> found(names.size());
    const auto look_at = [&](std::size_t i, const Context& inner) { found[i] = candidate_or_none(names[i], inner); };
    at_once(names.size(), from_.sink->capabilities().parallel, look_at, context_);
    for (auto& candidate : found) {
      if (!candidate) continue;
      SnapshotSummary& snapshot = candidate->copy.snapshot;
      snapshot.good = snapshot.good && !damaged.contains(snapshot.id);
      snapshot.pinned = pinned.contains(snapshot.id);
      candidate->copy.origin = first_taken(from_.config.id, snapshot.id, snapshot.origin);
      candidates_.push_back(*std::move(candidate));
    }
  }

  // Nothing when it was forgotten since it was listed.
  std::optional<CopyCandidate> candidate_or_none(const ManifestName& name, const Context& context) const {
    CopyCandidate candidate{.name = name, .copy = {}};
    try {
      candidate.copy.snapshot = summary_of(recall_manifest(from_, name, context));
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::not_found) return std::nullopt;
      if (failure.code() != ErrorCode::damaged) throw;
      candidate.copy.snapshot = unreadable_summary(name);
      candidate.copy.state = State::failed;
      candidate.copy.failure = failure;
    }
    return candidate;
  }

  void choose() {
    if (!options_.ids.empty()) {
      for (const std::string& id : options_.ids) {
        const auto found = std::ranges::find(candidates_, id,
                                             [](const CopyCandidate& candidate) { return candidate.copy.snapshot.id; });
        if (found == candidates_.end()) throw no_such_snapshot(id);
        found->chosen = true;
      }
      return;
    }
    std::map<std::string, std::vector<CopyCandidate*>> by_source;
    for (CopyCandidate& candidate : candidates_) {
      const SnapshotSummary& snapshot = candidate.copy.snapshot;
      if (!matches(options_.filter, snapshot) || (options_.since && snapshot.time < *options_.since)) continue;
      by_source[candidate.name.source_key].push_back(&candidate);
    }
    for (auto& [source, chosen] : by_source) {
      std::ranges::stable_sort(chosen, std::ranges::greater(),
                               [](const CopyCandidate* candidate) { return candidate->copy.snapshot.time; });
      if (options_.last && chosen.size() > *options_.last) chosen.resize(*options_.last);
      for (CopyCandidate* candidate : chosen) candidate->chosen = true;
    }
  }

  std::string target_key(const CopyCandidate& candidate) const {
    return source_key_in(to_, from_, candidate.copy.snapshot.source, candidate.name.source_key);
  }

  void read_target() {
    std::set<std::string> keys;
    for (const CopyCandidate& candidate : candidates_) {
      if (candidate.copy.state != State::failed) keys.insert(target_key(candidate));
    }
    const DamageMarks marks = load_marks(to_, context_);
    for (const std::string& key : keys) {
      const auto names = list_manifests(to_, key, context_);
      std::vector<std::optional<Manifest>> found(names.size());
      const auto look_at = [&](std::size_t i, const Context& inner) { found[i] = manifest_or_none(names[i], inner); };
      at_once(names.size(), to_.sink->capabilities().parallel, look_at, context_);
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (found[i]) note_held(names[i], *found[i], marks);
      }
    }
  }

  // Nothing for what was forgotten since it was listed, and for what is no use.
  std::optional<Manifest> manifest_or_none(const ManifestName& name, const Context& context) const {
    try {
      return recall_manifest(to_, name, context);
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::not_found) return std::nullopt;
      if (failure.code() != ErrorCode::damaged) throw;
      if (context.log) context.log(LogLevel::warning, failure.message());
      return std::nullopt;
    }
  }

  void note_held(const ManifestName& name, const Manifest& manifest, const DamageMarks& marks) {
    const Origin origin = first_taken(to_.config.id, manifest.id, manifest.origin);
    TimePoint& newest = newest_[{origin.repository, name.source_key}];
    newest = std::max(newest, manifest.started);
    const auto mark = marks.find(manifest.id);
    const bool good = mark == marks.end();
    const Held held{.name = name, .good = good, .only_packs = good || only_packs(mark->second)};
    const auto [place, first] = held_.try_emplace(Identity(origin.repository, origin.id), held);
    if (!first && held.good) place->second = held;
  }

  void compare(CopyCandidate& candidate) const {
    SnapshotCopy& copy = candidate.copy;
    if (copy.state == State::failed) return;
    const auto held = held_.find(Identity(copy.origin.repository, copy.origin.id));
    if (held != held_.end()) {
      if (held->second.only_packs) candidate.held = held->second.name;
      candidate.replaces = !held->second.good;
      if (candidate.replaces) return;
      copy.state = State::present;
      copy.id = to_text(held->second.name.session);
      return;
    }
    const bool asked_for = options_.older || !options_.ids.empty() || options_.last || options_.since;
    const auto newest = newest_.find({copy.origin.repository, target_key(candidate)});
    if (!asked_for && newest != newest_.end() && candidate.name.started < newest->second) copy.state = State::older;
  }

  const RepositoryState& from_;
  const RepositoryState& to_;
  const CopyOptions& options_;
  const Context& context_;
  std::vector<CopyCandidate> candidates_;
  std::map<Identity, Held> held_;
  std::map<std::pair<std::string, std::string>, TimePoint> newest_;  // start, by repository of origin and source
};

}  // namespace

Origin first_taken(const std::string& repository_id, const std::string& id, const std::optional<Origin>& origin) {
  return origin.value_or(Origin{.repository = repository_id, .id = id});
}

std::vector<CopyCandidate> plan_copy(const RepositoryState& from, const RepositoryState& to, const CopyOptions& options,
                                     const Context& context) {
  return CopyPlanner(from, to, options, context).run();
}

}  // namespace dbsnap
