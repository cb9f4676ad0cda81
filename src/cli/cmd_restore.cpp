// dbsnap restore: writes a snapshot back as a database.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/paths.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "restore", "Get data back", "Write a snapshot back as a database.",
    "The snapshot is an id (or its first digits), \"latest\", or with --at the newest one that is not later than a "
    "time. The target is always named with --to. A target that exists is refused unless --overwrite is given, one "
    "that is in use is refused in any case. The database is written beside the target, made durable and then put in "
    "place at once; when anything fails, what was there before is still there.\n"
    "\n"
    "The target's URL is printed on standard output.\n",
    "# the newest snapshot, beside the original\n"
    "dbsnap restore latest -r /var/backups/app --to sqlite:///tmp/app-check.db\n"
    "\n"
    "# the state of a moment, in place of the broken database (stop the application first)\n"
    "dbsnap restore --at \"2026-11-20 14:30\" --to sqlite:///srv/app.db --overwrite\n"
    "\n"
    "# a repository that holds several databases\n"
    "dbsnap restore latest --source shop.db --to /tmp/shop.db\n"};

struct RestoreVerbOptions {
  std::string id;
  std::string at;
  std::string target;
  bool overwrite = false;
  unsigned threads = 0;
  SnapshotFilter filter;
};

std::string chosen_snapshot(Invocation& invocation, const Repository& repository, const RestoreVerbOptions& options) {
  if (options.at.empty()) return repository.resolve(options.id, options.filter, invocation.context());
  return repository.resolve_at(parse_time(options.at), options.filter, invocation.context());
}

void require_sense(const RestoreVerbOptions& options) {
  if (options.id.empty() == options.at.empty()) {
    throw Error(ErrorCode::invalid_argument, options.id.empty() ? "which snapshot to restore was not said"
                                                                : "a snapshot and --at exclude each other")
        .hint("dbsnap restore latest --to TARGET");
  }
  if (options.target.empty()) {
    throw Error(ErrorCode::invalid_argument, "restore needs a target, named with --to")
        .hint(fmt::format("dbsnap restore {} --to sqlite:///path/of/new.db",
                          options.id.empty() ? "--at " + shell_word(options.at) : options.id));
  }
}

int run_restore(Invocation& invocation, const RestoreVerbOptions& options) {
  require_sense(options);
  const Repository repository = invocation.open_repository();
  const std::string id = chosen_snapshot(invocation, repository, options);
  const Manifest manifest = repository.manifest(id, invocation.context());
  const std::unique_ptr<Snapshotter> engine = open_engine_named(manifest.source.engine, options.target);
  const std::string target = engine->describe().url;
  require_target_apart(target, repository.sink().url());

  const Clock& clock = system_clock();
  const MonotonicTime started = clock.monotonic();
  const RestoreReport report = [&] {
    ProgressLine line(invocation.console(), manifest.source.name, clock);
    return repository.restore(id, *engine, {.overwrite = options.overwrite}, options.threads, invocation.context(line));
  }();
  Console& console = invocation.console();
  console.note(fmt::format("ok {} {} of {} UTC  {} written to {}, {}", printable(manifest.source.name), short_id(id),
                           table_time(manifest.time), size_text(report.bytes), printable(place_text(target)),
                           elapsed_text(clock.monotonic() - started)));
  if (console.json()) {
    auto document = nlohmann::ordered_json::parse(to_json(report));
    document["target"] = target;
    document["time"] = format_time(manifest.time);
    console.document(document.dump());
  } else {
    console.result(target + '\n');
  }
  return kDone;
}

}  // namespace

void add_restore(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<RestoreVerbOptions>();
  verb.add_option("ID", options->id, "snapshot id, its first digits, or latest");
  verb.add_option("--at", options->at, "the newest snapshot not later than this time (UTC unless it says otherwise)")
      ->type_name("TIME");
  verb.add_option("--to,--target", options->target,
                  "where to: sqlite:///absolute/path, postgres://host/database, or a plain path")
      ->type_name("TARGET");
  verb.add_flag("--overwrite", options->overwrite, "replace a target that exists");
  verb.add_option("--threads", options->threads, "threads that decode; default: all cores")->type_name("N");
  add_filter_options(verb, options->filter);
  add_long_running_options(program, verb);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_restore(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
