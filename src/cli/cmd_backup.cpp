// dbsnap backup: takes a snapshot of each source.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/backup_repositories.hpp"
#include "cli/paths.hpp"
#include "cli/program.hpp"
#include "cli/snapshot_report.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/backup.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/size.hpp"

namespace dbsnap::cli {
namespace {

using Json = nlohmann::ordered_json;

const VerbText kText = {
    "backup", "Take snapshots", "Take a snapshot of each source.",
    "The database stays in use meanwhile: writers are not blocked and see no lock. The snapshot shows one moment. "
    "Only what changed since the source's last snapshot is stored. Nothing is listed until all of it is safely "
    "stored; a failure leaves the earlier snapshots as they are.\n"
    "\n"
    "The snapshot's id is printed alone on standard output, one line for each source; what happened is said on "
    "standard error. A snapshot that is complete but needs attention ends with exit code 3. When one of several "
    "sources fails, the others are still taken and the exit code is that of the first failure.\n"
    "\n"
    "-r may be repeated: the source is read once, the snapshot is taken into the first repository that works and "
    "copied "
    "into the others. One that fails is a warning (exit code 3); dbsnap status shows what it lacks, and "
    "dbsnap copy --pending makes up for it. One --password-file is for all of them; several belong to them in order, "
    "none in place of one means a repository that is not encrypted.\n",
    "# first backup: makes the repository, asks for its password\n"
    "dbsnap backup sqlite:///srv/app.db -r /var/backups/app --init\n"
    "\n"
    "# in a script, before risky work\n"
    "id=$(dbsnap backup env:DATABASE_URL --tag before-upgrade) && dbsnap pin \"$id\"\n"
    "\n"
    "# two databases, gently: one thread, at most 20 MiB read per second\n"
    "dbsnap backup sqlite:///srv/auth.db sqlite:///srv/shop.db --threads 1 --limit-read 20M\n"
    "\n"
    "# into two places at once\n"
    "dbsnap backup sqlite:///srv/app.db -r /var/backups/app -r /mnt/nas/app\n"};

// A server that restarts, or one that takes over from another, is there again by then.
constexpr std::uint32_t kSourcePatienceS = 30;

struct BackupOptions {
  std::vector<std::string> sources;
  TakeOptions take;
  std::string limit_read;
  std::string base_data = "automatic";
  std::uint32_t source_patience_s = kSourcePatienceS;
  bool full = false;
};

struct Source {
  std::unique_ptr<Snapshotter> engine;
  SourceInfo info;
};

using OnFailure = std::function<void(const std::string& name, const Error& failure)>;

/// The sources that can be found; `on_failure` is told of the others. Throws when there is none, and for what was typed
/// wrong.
std::vector<Source> sources_of(const BackupOptions& options, const std::vector<RepositoryPlace>& places,
                               const OnFailure& on_failure, const Context& context) {
  std::vector<Source> sources;
  std::optional<Error> failed;
  for (const std::string& text : options.sources) {
    try {
      for (auto& engine : open_sources(text, context)) {
        SourceInfo info = engine->describe();
        for (const RepositoryPlace& place : places) require_source_apart(info.url, store_url(place));
        sources.push_back({std::move(engine), std::move(info)});
      }
    } catch (const Error& failure) {
      const bool for_all = failure.code() == ErrorCode::cancelled || failure.code() == ErrorCode::invalid_argument;
      if (for_all || options.sources.size() == 1) throw;
      on_failure(without_secrets(text), failure);
      failed = failure;
    }
  }
  if (sources.empty()) throw *failed;
  if (sources.size() > 1 && !options.take.name.empty()) {
    throw Error(ErrorCode::invalid_argument, "--name names one source, but several were given");
  }
  return sources;
}

/// Begins to read every source and lets go again, so that no repository is made when none can be read.
void try_sources(Invocation& invocation, const std::vector<Source>& sources) {
  std::optional<Error> failed;
  for (const Source& source : sources) {
    try {
      source.engine->begin({}, invocation.context());
      return;
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::cancelled) throw;
      if (!failed) failed = failure;
    }
  }
  if (failed) throw *failed;
}

SnapshotOptions options_for_library(const BackupOptions& options) {
  SnapshotOptions out = snapshot_options(options.take);
  if (!options.limit_read.empty()) out.read_limit = parse_size(options.limit_read, "--limit-read");
  out.use_parent = !options.full;
  out.base_data = base_data_named(options.base_data);
  out.source_patience = std::chrono::seconds(options.source_patience_s);
  return out;
}

/// One run: every source into every repository.
class BackupRun {
 public:
  BackupRun(Invocation& invocation, const BackupOptions& options)
      : invocation_(invocation), console_(invocation.console()), options_(options), repositories_(invocation) {}

  int run() {
    const SnapshotOptions snapshot = options_for_library(options_);
    const auto on_failure = [&](const std::string& name, const Error& failure) { complain(name, failure); };
    const std::vector<Source> sources = sources_of(options_, invocation_.places(), on_failure, invocation_.context());
    repositories_.open(options_.take.creation, [&] { try_sources(invocation_, sources); });
    if (repositories_.some_failed() && exit_code_ == kDone) exit_code_ = kDoneWithWarnings;
    for (const Source& source : sources) {
      try {
        take(source, snapshot);
      } catch (const Error& error) {
        const bool only_one = sources.size() == 1 && errors_.empty();
        if (only_one || error.code() == ErrorCode::cancelled) throw;
        complain(source.info.name, error);
      }
    }
    if (console_.json()) {
      Json document = Json::parse(repositories_.json());
      document["snapshots"] = snapshots_;
      document["targets"] = targets_;
      document["errors"] = errors_;
      console_.document(document.dump());
    }
    return exit_code_;
  }

 private:
  void complain(const std::string& name, const Error& failure) {
    console_.warn(fmt::format("no snapshot of {}", name));
    console_.complain(failure);
    errors_.push_back(Json::parse(to_json(failure)).at("error"));
    if (exit_code_ == kDone || exit_code_ == kDoneWithWarnings) exit_code_ = failure.exit_code();
  }

  void take(const Source& source, const SnapshotOptions& snapshot) {
    const Clock& clock = system_clock();
    const MonotonicTime started = clock.monotonic();
    const std::vector<BackupTarget> targets = repositories_.targets();
    const BackupReport report = [&] {
      ProgressLine line(console_, source.info.name, clock);
      return backup_to(*source.engine, targets, snapshot, invocation_.context(line));
    }();
    const auto home =
        std::ranges::find(report.targets, report.manifest.id, &TargetOutcome::id) - report.targets.begin();
    report_snapshot(console_, report.manifest, clock.monotonic() - started, "backup",
                    Invocation::word_of(repositories_.url_as_typed(static_cast<std::size_t>(home))));
    repositories_.report(source.info.name, report);
    if (!console_.json()) console_.result(report.manifest.id + '\n');
    snapshots_.push_back(Json::parse(to_json(report.manifest)));
    Json outcomes = Json::array();
    for (const TargetOutcome& target : report.targets) outcomes.push_back(Json::parse(to_json(target)));
    targets_.push_back(std::move(outcomes));
    const bool good = report.complete() && report.manifest.warnings.empty();
    if (!good && exit_code_ == kDone) exit_code_ = kDoneWithWarnings;
  }

  Invocation& invocation_;
  Console& console_;
  const BackupOptions& options_;
  BackupRepositories repositories_;
  Json snapshots_ = Json::array();
  Json targets_ = Json::array();
  Json errors_ = Json::array();
  int exit_code_ = kDone;
};

void add_reading_options(CLI::App& verb, BackupOptions& options) {
  verb.add_option("--threads", options.take.threads, "threads that compute; default: all cores, 1: only this one")
      ->type_name("N");
  verb.add_option("--limit-read", options.limit_read, "read at most this much per second, for example 20M")
      ->type_name("SIZE");
  verb.add_option("--level", options.take.level, "zstd compression level, 1 to 19; default 3")
      ->type_name("N")
      ->check(CLI::Range(1, 19));
  verb.add_option("--base-data", options.base_data,
                  "what changed bytes are compared with: near (only what the cache has), always (read from the "
                  "repository whatever it costs), never, or automatic (near, and further where that sends less)")
      ->type_name("HOW")
      ->check(CLI::IsMember({"automatic", "near", "always", "never"}));
  verb.add_option("--source-patience", options.source_patience_s,
                  fmt::format("how long a server that is lost while it is read is waited for, to be read once more; "
                              "default {}, 0: not at all",
                              kSourcePatienceS))
      ->type_name("SECONDS");
  verb.add_flag("--full", options.full, "store every byte anew instead of comparing with the last snapshot");
}

}  // namespace

void add_backup(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<BackupOptions>();
  verb.add_option("SOURCE", options->sources,
                  "what to back up: sqlite:///absolute/path, postgres://host/database, or env:NAME of a variable")
      ->required();
  add_take_options(verb, options->take);
  verb.add_option("--time", options->take.time, "record this time (UTC unless it says otherwise) instead of now")
      ->type_name("TIME");
  add_reading_options(verb, *options);
  add_long_running_options(program, verb);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return BackupRun(invocation, *options).run(); };
  });
}

}  // namespace dbsnap::cli
