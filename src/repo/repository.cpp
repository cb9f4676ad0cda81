// The public handle: opening, looking up, and one call per operation.
#include "dbsnap/repository.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/random.hpp"
#include "format/manifest_codec.hpp"
#include "format/recovery_code.hpp"
#include "repo/at_once.hpp"
#include "repo/catalog.hpp"
#include "repo/copy_run.hpp"
#include "repo/inventory.hpp"
#include "repo/keys.hpp"
#include "repo/opening.hpp"
#include "repo/pending.hpp"
#include "repo/places.hpp"
#include "repo/plain_file.hpp"
#include "repo/progress_meter.hpp"
#include "repo/prune.hpp"
#include "repo/repair_run.hpp"
#include "repo/repository_view.hpp"
#include "repo/resolve.hpp"
#include "repo/sessions.hpp"
#include "repo/snapshot_reader.hpp"
#include "repo/snapshot_run.hpp"
#include "repo/state.hpp"
#include "repo/unforget.hpp"
#include "repo/verify_keyless.hpp"
#include "repo/verify_run.hpp"

namespace dbsnap {
namespace {

std::uint64_t plain_size(const Manifest& manifest) {
  return std::accumulate(manifest.entries.begin(), manifest.entries.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const ManifestEntry& entry) { return sum + entry.size; });
}

/// What a list shows of a snapshot; nothing when it was forgotten since it was listed.
std::optional<SnapshotSummary> summary_or_none(const RepositoryState& state, const ManifestName& name,
                                               const Context& context) {
  try {
    return summary_of(recall_manifest(state, name, context));
  } catch (const Error& failure) {
    if (failure.code() == ErrorCode::not_found) return std::nullopt;
    if (failure.code() != ErrorCode::damaged) throw;
    if (context.log) context.log(LogLevel::warning, failure.message());
    return unreadable_summary(name);
  }
}

void check_engine(const Manifest& manifest, const Snapshotter& engine) {
  const std::string name = engine.describe().engine;
  if (name == manifest.source.engine) return;
  throw Error(ErrorCode::invalid_argument, "snapshot " + manifest.id + " is of engine " + manifest.source.engine +
                                               " and engine " + name + " was given for it");
}

}  // namespace

Repository::Repository(std::shared_ptr<RepositoryState> state) : state_(std::move(state)) {}

Repository Repository::create(std::shared_ptr<Sink> sink, const CreateOptions& options, const Context& context) {
  return Repository(create_repository(std::move(sink), options, {}, context));
}

Repository Repository::open(std::shared_ptr<Sink> sink, const OpenOptions& options, const Context& context) {
  return Repository(open_repository(std::move(sink), options, context));
}

const std::string& Repository::id() const noexcept { return state_->config.id; }
bool Repository::encrypted() const noexcept { return state_->config.encrypted; }
Sink& Repository::sink() const noexcept { return *state_->sink; }

Manifest Repository::snapshot(Snapshotter& source, const SnapshotOptions& options, const Context& context) {
  const SourceInfo info = source.describe();
  require_apart("source", info.url, state_->sink->url());
  const auto begin = [&](const SnapshotRequest& request, const Context& inner) { return source.begin(request, inner); };
  return run_snapshot(*state_, info, begin, options, context);
}

CopyReport Repository::copy_from(const Repository& source, const CopyOptions& options, const Context& context) {
  require_apart("source repository", source.state_->sink->url(), state_->sink->url());
  return run_copy(*source.state_, *state_, options, context);
}

void Repository::note_pending(const std::string& id, const std::string& to, const Context& context) {
  dbsnap::note_pending(*state_, id, to, context);
}

std::vector<PendingCopy> Repository::pending(const Context& context) const { return load_pending(*state_, context); }

void Repository::settle_pending(const PendingCopy& copy, const Context& context) {
  dbsnap::settle_pending(*state_, copy, context);
}

std::vector<SnapshotSummary> Repository::snapshots(const SnapshotFilter& filter, const Context& context) const {
  const auto pinned = list_ids(*state_, kPinPrefix, context);
  const auto damaged = list_ids(*state_, kDamagedPrefix, context);
  const std::vector<ManifestName> names = list_manifests(*state_, {}, context);
  std::vector<std::optional<SnapshotSummary>> found(names.size());
  const auto look_at = [&](std::size_t i, const Context& inner) {
    found[i] = summary_or_none(*state_, names[i], inner);
  };
  at_once(names.size(), state_->sink->capabilities().parallel, look_at, context);
  std::vector<SnapshotSummary> summaries;
  for (auto& summary : found) {
    if (!summary) continue;
    summary->good = summary->good && !damaged.contains(summary->id);
    summary->pinned = pinned.contains(summary->id);
    if (matches(filter, *summary)) summaries.push_back(*std::move(summary));
  }
  // Of two with the same time the one that began later comes first: a repaired snapshot before the damaged one.
  std::ranges::reverse(summaries);
  std::ranges::stable_sort(summaries, std::ranges::greater(), &SnapshotSummary::time);
  return summaries;
}

std::string Repository::resolve(std::string_view text, const SnapshotFilter& filter, const Context& context) const {
  check_snapshot_text(text);
  if (parse_session_id(text)) {
    try {
      return to_text(find_manifest(*state_, text, context).session);
    } catch (const Error& failure) {
      // It may be the id that a copy has in its origin.
      if (failure.code() != ErrorCode::not_found) throw;
    }
  }
  return resolve_snapshot(text, id(), snapshots(filter, context));
}

std::string Repository::resolve_at(TimePoint time, const SnapshotFilter& filter, const Context& context) const {
  std::set<std::string> sources;
  std::string found;
  for (const SnapshotSummary& summary : snapshots(filter, context)) {
    sources.insert(summary.source_key);
    if (found.empty() && summary.time <= time) found = summary.id;
  }
  if (sources.size() > 1) {
    throw Error(ErrorCode::invalid_argument, "the repository holds snapshots of several sources")
        .hint("dbsnap list, then name one with --source");
  }
  if (found.empty()) {
    throw Error(ErrorCode::point_in_time_unreachable, "there is no snapshot from that time or before it")
        .hint("dbsnap list");
  }
  return found;
}

Manifest Repository::manifest(const std::string& id, const Context& context) const {
  return recall_manifest(*state_, find_manifest(*state_, id, context), context);
}

std::unique_ptr<SnapshotReader> Repository::reader(const std::string& id, unsigned threads,
                                                   const Context& context) const {
  return make_snapshot_reader(state_, manifest(id, context), threads, nullptr);
}

RestoreReport Repository::restore(const std::string& id, Snapshotter& target, const RestoreOptions& options,
                                  unsigned threads, const Context& context) const {
  ProgressMeter meter(context, Phase::restore);
  Manifest found = manifest(id, context);
  const RestoreReport report{.id = found.id, .bytes = plain_size(found), .entries = found.entries.size()};
  check_engine(found, target);
  require_apart("target", target.describe().url, state_->sink->url());
  meter.set_total(report.bytes);
  const auto reader = make_snapshot_reader(state_, std::move(found), threads, &meter);
  target.restore(*reader, options, context);
  meter.finish_phase();
  return report;
}

VerifyReport Repository::verify(const VerifyOptions& options, const Context& context) const {
  return run_verify(state_, options, context);
}

RepairReport Repository::repair(const RepairOptions& options, const Context& context) {
  return run_repair(*state_, options, context);
}

VerifyReport Repository::verify_keyless(const std::shared_ptr<Sink>& sink, const KeylessOptions& options,
                                        const Context& context) {
  static_cast<void>(read_config(*sink, context));
  return run_keyless_verify(*sink, options, context);
}

DiffReport Repository::diff(const std::string& before, const std::string& after, const Context& context) const {
  return compare_snapshots(*state_, manifest(before, context), manifest(after, context), context);
}

RepositoryStats Repository::stats(const Context& context) const { return gather_stats(*state_, context); }

std::vector<UnfinishedSession> Repository::unfinished(const Context& context) const {
  return unfinished_sessions(view_repository(*state_, context));
}

void Repository::forget(const std::vector<std::string>& ids, const Context& context) {
  const auto pinned = list_ids(*state_, kPinPrefix, context);
  std::vector<ManifestName> names;
  for (const std::string& id : ids) {
    if (pinned.contains(id)) {
      throw Error(ErrorCode::locked, "snapshot " + id + " is pinned").hint("dbsnap unpin " + id).with("snapshot", id);
    }
    names.push_back(find_manifest(*state_, id, context));
  }
  for (const ManifestName& name : names) put_tombstone(*state_, name.session, context);
}

std::vector<SnapshotSummary> Repository::forgotten(const SnapshotFilter& filter, const Context& context) const {
  auto summaries = list_forgotten(*state_, context);
  std::erase_if(summaries, [&](const SnapshotSummary& summary) { return !matches(filter, summary); });
  return summaries;
}

Manifest Repository::unforget(const std::string& id, const Context& context) {
  return unforget_snapshot(*state_, id, context);
}

void Repository::pin(const std::string& id, const Context& context) {
  const ManifestName name = find_manifest(*state_, id, context);
  if (list_ids(*state_, kPinPrefix, context).contains(id)) return;
  put_object(*state_, ObjectType::pin, pin_prefix(name.session) + random_hex(16), "{}", context);
}

void Repository::unpin(const std::string& id, const Context& context) {
  const ManifestName name = find_manifest(*state_, id, context);
  std::vector<std::string> keys;
  state_->sink->list(
      pin_prefix(name.session),
      [&](const ObjectInfo& object) {
        keys.push_back(object.key);
        return true;
      },
      context);
  for (const std::string& key : keys) state_->sink->remove(key, context);
}

std::vector<KeyInfo> Repository::keys(const Context& context) const { return list_keys(*state_, context); }

KeyInfo Repository::add_key(std::string_view password, const std::string& label, const Context& context) {
  return dbsnap::add_key(*state_, KeyKind::password, password, label, {}, context);
}

KeyInfo Repository::change_key(const std::string& id, std::string_view password, const Context& context) {
  return dbsnap::change_key(*state_, id, password, {}, context);
}

KeyInfo Repository::remove_key(const std::string& id, const RemoveKeyOptions& options, const Context& context) {
  return dbsnap::remove_key(*state_, id, options, context);
}

RecoveryKey Repository::add_recovery_key(const std::string& label, const Context& context) {
  const SecretText code = new_recovery_code();
  const TypedCode plain = read_recovery_code(code.view());
  RecoveryKey made;
  made.key = dbsnap::add_key(*state_, KeyKind::recovery, plain.code.value().view(), label, {}, context);
  made.code = code.view();
  return made;
}

PrunePlan Repository::plan_prune(const RetentionPolicy& policy, const SnapshotFilter& filter,
                                 const Context& context) const {
  return make_prune_plan(*state_, policy, filter, context);
}

PruneReport Repository::apply(const PrunePlan& plan, const ApplyOptions& options, const Context& context) {
  return apply_prune_plan(*state_, plan, options, context);
}

void Repository::export_snapshot(const std::string& id, Snapshotter& engine, ExportCompression compression,
                                 EntryWriter& out, const Context& context) const {
  ProgressMeter meter(context, Phase::export_);
  Manifest found = manifest(id, context);
  check_engine(found, engine);
  meter.set_total(plain_size(found));
  const auto reader = make_snapshot_reader(state_, std::move(found), 0, &meter);
  CompressingWriter compressing(out, compression);
  engine.export_plain(*reader, compressing, context);
  compressing.finish();
  meter.finish_phase();
}

Manifest Repository::import_file(std::unique_ptr<EntryReader> file, Snapshotter& engine, const SnapshotOptions& options,
                                 const Context& context) {
  auto plain = open_plain_file(std::move(file));
  const auto begin = [&](const SnapshotRequest&, const Context& inner) {
    if (!plain) {
      throw Error(ErrorCode::locked, "a prune took the import for dead, and its file cannot be read a second time")
          .hint("dbsnap import, once more")
          .retryable();
    }
    return engine.begin_import(std::move(plain), inner);
  };
  return run_snapshot(*state_, engine.describe(), begin, options, context);
}

}  // namespace dbsnap
