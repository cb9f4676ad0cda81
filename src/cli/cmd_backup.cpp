// dbsnap backup: takes a snapshot of each source.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/paths.hpp"
#include "cli/program.hpp"
#include "cli/snapshot_report.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"

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
    "sources fails, the others are still taken and the exit code is that of the first failure.\n",
    "# first backup: makes the repository, asks for its password\n"
    "dbsnap backup sqlite:///srv/app.db -r /var/backups/app --init\n"
    "\n"
    "# in a script, before risky work\n"
    "id=$(dbsnap backup env:DATABASE_URL --tag before-upgrade) && dbsnap pin \"$id\"\n"
    "\n"
    "# two databases, gently: one thread, at most 20 MiB read per second\n"
    "dbsnap backup sqlite:///srv/auth.db sqlite:///srv/shop.db --threads 1 --limit-read 20M\n"};

struct BackupOptions {
  std::vector<std::string> sources;
  TakeOptions take;
  std::string limit_read;
  bool full = false;
};

struct Source {
  std::unique_ptr<Snapshotter> engine;
  SourceInfo info;
};

std::vector<Source> open_sources(const BackupOptions& options, const std::string& repository_url) {
  if (options.sources.size() > 1 && !options.take.name.empty()) {
    throw Error(ErrorCode::invalid_argument, "--name names one source, but several were given");
  }
  const std::string repository_place = open_sink(repository_url)->url();
  std::vector<Source> sources;
  for (const std::string& text : options.sources) {
    std::unique_ptr<Snapshotter> engine = open_source(text);
    SourceInfo info = engine->describe();
    require_source_apart(info.url, repository_place);
    sources.push_back({std::move(engine), std::move(info)});
  }
  return sources;
}

/// Begins to read every source and lets go again, so that no repository is made for a source that
/// cannot be read.
void try_sources(Invocation& invocation, const std::vector<Source>& sources) {
  for (const Source& source : sources) source.engine->begin({}, invocation.context());
}

Manifest take(Invocation& invocation, Repository& repository, const Source& source, const SnapshotOptions& options) {
  const Clock& clock = system_clock();
  const MonotonicTime started = clock.monotonic();
  Manifest manifest = [&] {
    ProgressLine line(invocation.console(), source.info.name, clock);
    return repository.snapshot(*source.engine, options, invocation.context(line));
  }();
  report_snapshot(invocation, manifest, clock.monotonic() - started, "backup");
  if (!invocation.console().json()) invocation.console().result(manifest.id + '\n');
  return manifest;
}

SnapshotOptions options_for_library(const BackupOptions& options) {
  SnapshotOptions out = snapshot_options(options.take);
  if (!options.limit_read.empty()) out.read_limit = parse_size(options.limit_read, "--limit-read");
  out.use_parent = !options.full;
  return out;
}

int run_backup(Invocation& invocation, const BackupOptions& options) {
  Console& console = invocation.console();
  const SnapshotOptions snapshot = options_for_library(options);
  const std::vector<Source> sources = open_sources(options, invocation.repository_url());
  OpenedRepository opened = invocation.open_or_create(options.take.creation, [&] { try_sources(invocation, sources); });
  if (opened.created) report_creation(invocation, opened.repository);

  Json snapshots = Json::array();
  Json errors = Json::array();
  int exit_code = kDone;
  for (const Source& source : sources) {
    try {
      const Manifest manifest = take(invocation, opened.repository, source, snapshot);
      snapshots.push_back(Json::parse(to_json(manifest)));
      if (!manifest.warnings.empty() && exit_code == kDone) exit_code = kDoneWithWarnings;
    } catch (const Error& error) {
      if (sources.size() == 1 || error.code() == ErrorCode::cancelled) throw;
      console.warn(fmt::format("no snapshot of {}", source.info.name));
      console.complain(error);
      errors.push_back(Json::parse(to_json(error)).at("error"));
      if (exit_code == kDone || exit_code == kDoneWithWarnings) exit_code = error.exit_code();
    }
  }
  if (console.json()) {
    const Json document = {{"repository", Json::parse(repository_json(opened.repository))},
                           {"created", opened.created},
                           {"snapshots", snapshots},
                           {"errors", errors}};
    console.document(document.dump());
  }
  return exit_code;
}

void add_reading_options(CLI::App& verb, BackupOptions& options) {
  verb.add_option("--threads", options.take.threads, "threads that compute; default: all cores, 1: only this one")
      ->type_name("N");
  verb.add_option("--limit-read", options.limit_read, "read at most this much per second, for example 20M")
      ->type_name("SIZE");
  verb.add_option("--level", options.take.level, "zstd compression level, 1 to 19; default 3")
      ->type_name("N")
      ->check(CLI::Range(1, 19));
  verb.add_flag("--full", options.full, "store every byte anew instead of comparing with the last snapshot");
}

}  // namespace

void add_backup(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<BackupOptions>();
  verb.add_option("SOURCE", options->sources, "what to back up: sqlite:///absolute/path, or env:NAME of a variable")
      ->required();
  add_take_options(verb, options->take);
  verb.add_option("--time", options->take.time, "record this time (UTC unless it says otherwise) instead of now")
      ->type_name("TIME");
  add_reading_options(verb, *options);
  add_long_running_options(program, verb);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_backup(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
