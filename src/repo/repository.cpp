// The public handle: opening, looking up, and one call per operation.
#include "dbsnap/repository.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/random.hpp"
#include "format/manifest_codec.hpp"
#include "repo/catalog.hpp"
#include "repo/inventory.hpp"
#include "repo/places.hpp"
#include "repo/plain_file.hpp"
#include "repo/progress_meter.hpp"
#include "repo/prune.hpp"
#include "repo/snapshot_reader.hpp"
#include "repo/snapshot_run.hpp"
#include "repo/state.hpp"
#include "repo/verify_run.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kShortestPrefix = 4;

std::uint64_t plain_size(const Manifest& manifest) {
  return std::accumulate(manifest.entries.begin(), manifest.entries.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const ManifestEntry& entry) { return sum + entry.size; });
}

// What a list shows of a snapshot whose manifest cannot be read: that it is there, and damaged.
SnapshotSummary unreadable(const ManifestName& name) {
  SnapshotSummary summary;
  summary.id = to_text(name.session);
  summary.source_key = name.source_key;
  summary.time = name.started;
  summary.good = false;
  return summary;
}

void check_engine(const Manifest& manifest, const Snapshotter& engine) {
  const std::string name = engine.describe().engine;
  if (name == manifest.source.engine) return;
  throw Error(ErrorCode::invalid_argument, "snapshot " + manifest.id + " is of engine " + manifest.source.engine +
                                               " and engine " + name + " was given for it");
}

std::shared_ptr<RepositoryState> open_state(std::shared_ptr<Sink> sink, const RepositoryConfig& config,
                                            const std::string& password) {
  std::optional<Key256> master;
  if (config.encrypted) {
    if (password.empty()) {
      throw Error(ErrorCode::wrong_key, "the repository at " + sink->url() + " is encrypted and no password was given")
          .hint("export DBSNAP_PASSWORD_FILE=/path/to/password");
    }
    master = open_key_slot(config, password);
    if (!master) throw Error(ErrorCode::wrong_key, "the password does not open the repository at " + sink->url());
  }
  return std::make_shared<RepositoryState>(std::move(sink), config, KeyRing(config.id, master));
}

Bytes read_config(Sink& sink, const Context& context) {
  try {
    return sink.get(kConfigKey, {}, context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found) throw;
    throw Error(ErrorCode::no_repository, "there is no repository at " + sink.url()).hint("dbsnap init " + sink.url());
  }
}

}  // namespace

Repository::Repository(std::shared_ptr<RepositoryState> state) : state_(std::move(state)) {}

Repository Repository::create(std::shared_ptr<Sink> sink, const CreateOptions& options, const Context& context) {
  RepositoryConfig config{.format = 1,
                          .id = random_hex(16),
                          .encrypted = options.encrypt,
                          .chunk_size = options.chunk_size,
                          .frame_size = options.frame_size,
                          .pack_size = options.pack_size,
                          .slots = {}};
  check_sizes(config);
  if (options.encrypt && options.password.empty()) {
    throw Error(ErrorCode::invalid_argument, "an encrypted repository needs a password")
        .hint("export DBSNAP_PASSWORD_FILE=/path/to/password");
  }
  const auto taken = [&] {
    return Error(ErrorCode::already_exists, "there is a repository at " + sink->url() + " already").hint("dbsnap list");
  };
  if (sink->stat(kConfigKey, context)) throw taken();
  if (options.encrypt) {
    Key256 master;
    fill_random(master);
    config.slots.push_back(make_key_slot(config, options.password, master));
    wipe(master);
  }
  if (sink->put(kConfigKey, encode_config(config), {.if_absent = true}, context) != PutResult::stored) throw taken();
  return Repository(open_state(std::move(sink), config, options.password));
}

Repository Repository::open(std::shared_ptr<Sink> sink, const OpenOptions& options, const Context& context) {
  const RepositoryConfig config = decode_config(read_config(*sink, context));
  return Repository(open_state(std::move(sink), config, options.password));
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

std::vector<SnapshotSummary> Repository::snapshots(const SnapshotFilter& filter, const Context& context) const {
  const auto pinned = list_ids(*state_, kPinPrefix, context);
  const auto damaged = list_ids(*state_, kDamagedPrefix, context);
  std::vector<SnapshotSummary> summaries;
  for (const ManifestName& name : list_manifests(*state_, {}, context)) {
    SnapshotSummary summary;
    try {
      summary = summary_of(load_manifest(*state_, name, context));
      summary.good = !damaged.contains(summary.id);
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::not_found) continue;  // forgotten since it was listed
      if (failure.code() != ErrorCode::damaged) throw;
      if (context.log) context.log(LogLevel::warning, failure.message());
      summary = unreadable(name);
    }
    summary.pinned = pinned.contains(summary.id);
    if (matches(filter, summary)) summaries.push_back(std::move(summary));
  }
  std::ranges::stable_sort(summaries, std::ranges::greater(), &SnapshotSummary::time);
  return summaries;
}

std::string Repository::resolve(std::string_view text, const SnapshotFilter& filter, const Context& context) const {
  const bool latest = text == "latest";
  if (!latest && parse_session_id(text)) return to_text(find_manifest(*state_, text, context).session);
  if (!latest && text.size() < kShortestPrefix) {
    throw Error(ErrorCode::invalid_argument,
                "a snapshot is named by its id, by at least four digits of it, or by latest");
  }
  std::set<std::string> sources;
  std::vector<std::string> found;
  for (const SnapshotSummary& summary : snapshots(filter, context)) {
    if (!latest && !summary.id.starts_with(text)) continue;
    sources.insert(summary.source_key);
    found.push_back(summary.id);
  }
  if (found.empty()) {
    throw Error(ErrorCode::not_found,
                latest ? "the repository holds no such snapshot" : "there is no snapshot " + std::string(text))
        .hint("dbsnap list");
  }
  if (latest && sources.size() > 1) {
    throw Error(ErrorCode::invalid_argument, "latest is not clear: the repository holds snapshots of several sources")
        .hint("dbsnap list, then name one with --source");
  }
  if (!latest && found.size() > 1) {
    throw Error(ErrorCode::invalid_argument,
                std::to_string(found.size()) + " snapshots start with " + std::string(text))
        .hint("dbsnap list");
  }
  return found.front();
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
  return load_manifest(*state_, find_manifest(*state_, id, context), context);
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

DiffReport Repository::diff(const std::string& before, const std::string& after, const Context& context) const {
  return compare_snapshots(*state_, manifest(before, context), manifest(after, context), context);
}

RepositoryStats Repository::stats(const Context& context) const { return gather_stats(*state_, context); }

void Repository::forget(const std::vector<std::string>& ids, const Context& context) {
  const auto pinned = list_ids(*state_, kPinPrefix, context);
  std::vector<ManifestName> names;
  for (const std::string& id : ids) {
    if (pinned.contains(id)) {
      throw Error(ErrorCode::locked, "snapshot " + id + " is pinned").hint("dbsnap unpin " + id).with("snapshot", id);
    }
    names.push_back(find_manifest(*state_, id, context));
  }
  for (const ManifestName& name : names) remove_manifest(*state_, name, context);
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
    return engine.begin_import(std::move(plain), inner);
  };
  return run_snapshot(*state_, engine.describe(), begin, options, context);
}

}  // namespace dbsnap
