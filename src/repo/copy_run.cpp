#include "repo/copy_run.hpp"

#include <utility>

#include "base/random.hpp"
#include "dbsnap/error.hpp"
#include "repo/catalog.hpp"
#include "repo/copy_plan.hpp"
#include "repo/copy_snapshot.hpp"
#include "repo/frame_job.hpp"
#include "repo/progress_meter.hpp"
#include "repo/sessions.hpp"
#include "repo/snapshot_reader.hpp"

namespace dbsnap {
namespace {

using State = SnapshotCopy::State;

void check_options(const RepositoryState& from, const RepositoryState& to, const CopyOptions& options) {
  check_compression_level(options.compression_level);
  if (!from.config.encrypted || to.config.encrypted || options.allow_unencrypted) return;
  throw Error(ErrorCode::invalid_argument, "the repository at " + from.sink->url() + " is encrypted and the one at " +
                                               to.sink->url() + " is not: the copy could be read by anybody")
      .hint("dbsnap copy --allow-unencrypted");
}

class CopyRun {
 public:
  CopyRun(const RepositoryState& from, const RepositoryState& to, const CopyOptions& options, const Context& context)
      : options_(options),
        context_(context),
        meter_(context, Phase::copy),
        work_{.from = from, .to = to, .options = options, .meter = meter_},
        candidates_(plan_copy(from, to, options, context)) {}

  CopyReport run() {
    std::uint64_t total = 0;
    for (const CopyCandidate& candidate : candidates_) {
      if (is_planned(candidate)) total += candidate.copy.snapshot.size;
    }
    meter_.set_total(total);
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (is_planned(candidates_[i])) take_on(i);
    }
    if (options_.pins && !options_.dry_run) pin_copies();
    meter_.finish_phase();
    CopyReport report{.dry_run = options_.dry_run, .from = work_.from.config.id, .snapshots = {}};
    for (CopyCandidate& candidate : candidates_) {
      if (candidate.chosen) report.snapshots.push_back(std::move(candidate.copy));
    }
    return report;
  }

 private:
  static bool is_planned(const CopyCandidate& candidate) {
    return candidate.chosen && candidate.copy.state == State::planned;
  }

  void take_on(std::size_t index) {
    CopyCandidate& candidate = candidates_[index];
    SnapshotCopy& copy = candidate.copy;
    meter_.item(copy.snapshot.source.name + " " + copy.snapshot.id);
    meter_.report();
    try {
      const Manifest snapshot = load_manifest(work_.from, candidate.name, context_);
      if (options_.dry_run) {
        look_at(index, snapshot);
      } else {
        store(index, snapshot);
      }
    } catch (const Error& failure) {
      // What a prune of the source repository removes meanwhile looks damaged, too.
      const bool unreadable = failure.code() == ErrorCode::damaged || failure.code() == ErrorCode::not_found;
      if (unreadable && is_gone(candidate)) {
        copy.state = State::gone;
      } else if (failure.code() == ErrorCode::damaged) {
        copy.state = State::failed;
        copy.failure = failure;
      } else {
        throw;
      }
    }
    meter_.add_items(1);
  }

  [[nodiscard]] bool is_gone(const CopyCandidate& candidate) const {
    return has_tombstone(work_.from, candidate.name.session, context_) ||
           outcome_of(work_.from, candidate.name, context_) != Outcome::snapshot;
  }

  void look_at(std::size_t index, const Manifest& snapshot) {
    CopyCandidate& candidate = candidates_[index];
    const auto before = nearest(index);
    std::optional<Manifest> earlier;
    if (before) earlier = load_if_whole(work_.from, candidates_[*before].name);
    try {
      candidate.copy.bytes_new = bytes_to_copy(work_.from, snapshot, earlier ? &*earlier : nullptr, context_);
    } catch (const Error& failure) {
      throw in_snapshot(failure, snapshot.id);
    }
    meter_.add_done(candidate.copy.snapshot.size);
  }

  void store(std::size_t index, const Manifest& snapshot) {
    CopyCandidate& candidate = candidates_[index];
    const auto behind = candidate.replaces ? kBehind : std::chrono::milliseconds(0);
    const Manifest stored =
        copy_snapshot(work_, snapshot, candidate.copy.origin, copied_before(index), behind, context_);
    candidate.copy.state = State::copied;
    candidate.copy.id = stored.id;
    candidate.copy.bytes_new = stored.stats.bytes_read;
    candidate.copy.bytes_stored = stored.stats.bytes_stored;
    candidate.held = ManifestName{.source_key = stored.source_key,
                                  .started = std::chrono::floor<std::chrono::milliseconds>(stored.started + behind),
                                  .session = parse_session_id(stored.id).value()};
  }

  void pin_copies() {
    const auto pinned = list_ids(work_.to, kPinPrefix, context_);
    for (const CopyCandidate& candidate : candidates_) {
      const SnapshotCopy& copy = candidate.copy;
      if (!candidate.chosen || !copy.snapshot.pinned || copy.id.empty() || pinned.contains(copy.id)) continue;
      const std::string key = pin_prefix(parse_session_id(copy.id).value()) + random_hex(16);
      put_object(work_.to, ObjectType::pin, key, "{}", context_);
    }
  }

  std::optional<CopiedBefore> copied_before(std::size_t index) {
    while (const auto found = nearest(index)) {
      CopyCandidate& other = candidates_[*found];
      auto from = load_if_whole(work_.from, other.name);
      auto to = load_if_whole(work_.to, *other.held);
      if (from && to) return CopiedBefore{*std::move(from), *std::move(to)};
      other.held.reset();
    }
    return std::nullopt;
  }

  // The snapshot that is most like it among those of its source that both repositories hold, or will hold after a dry
  // run: a damaged copy of its own, the one before it, the one behind it.
  [[nodiscard]] std::optional<std::size_t> nearest(std::size_t index) const {
    const auto usable = [&](std::size_t i) {
      return candidates_[i].held.has_value() || (options_.dry_run && i != index && is_planned(candidates_[i]));
    };
    const auto same_source = [&](std::size_t i) {
      return candidates_[i].name.source_key == candidates_[index].name.source_key;
    };
    for (std::size_t i = index + 1; i-- > 0 && same_source(i);) {
      if (usable(i)) return i;
    }
    for (std::size_t i = index + 1; i < candidates_.size() && same_source(i); ++i) {
      if (candidates_[i].held) return i;
    }
    return std::nullopt;
  }

  std::optional<Manifest> load_if_whole(const RepositoryState& state, const ManifestName& name) const {
    try {
      return recall_manifest(state, name, context_);
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::not_found && failure.code() != ErrorCode::damaged) throw;
      return std::nullopt;
    }
  }

  const CopyOptions& options_;
  const Context& context_;
  ProgressMeter meter_;
  const CopyWork work_;
  std::vector<CopyCandidate> candidates_;
};

}  // namespace

CopyReport run_copy(const RepositoryState& from, const RepositoryState& to, const CopyOptions& options,
                    const Context& context) {
  check_options(from, to, options);
  return CopyRun(from, to, options, context).run();
}

std::string_view name_of(SnapshotCopy::State state) noexcept {
  switch (state) {
    case State::planned:
      return "planned";
    case State::copied:
      return "copied";
    case State::present:
      return "present";
    case State::older:
      return "older";
    case State::gone:
      return "gone";
    case State::failed:
      return "failed";
  }
  return "failed";
}

}  // namespace dbsnap
