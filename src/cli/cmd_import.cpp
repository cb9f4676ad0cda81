// dbsnap import: stores a plain database file, for example an old backup, as a snapshot.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "cli/files.hpp"
#include "cli/paths.hpp"
#include "cli/program.hpp"
#include "cli/snapshot_report.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "import", "Take snapshots", "Store a plain database file as a snapshot.",
    "FILE is what dbsnap export, sqlite3 .backup or a plain copy of a closed database gave; it may be compressed "
    "with gzip or zstd. The snapshot carries the file's own time, its last change, unless --time says another. "
    "With --as the snapshot joins the history of that source, as if it had been taken from it then.\n"
    "\n"
    "The snapshot's id is printed alone on standard output.\n",
    "# keep an old backup in the history of the live database\n"
    "dbsnap import app-20250101.sqlite.gz --as sqlite:///srv/app.db --time 2025-01-01\n"
    "\n"
    "# all old backups of a folder\n"
    "for f in /var/backups/old/*.sqlite; do dbsnap import \"$f\" --as sqlite:///srv/app.db; done\n"};

struct ImportOptions {
  std::string file;
  std::string as;
  std::string engine;
  TakeOptions take;
};

/// The engine whose plain files have such names, or nothing: "app.sqlite.gz" is SQLite's.
std::string engine_by_ending(std::filesystem::path file) {
  const std::string outer = file.extension().string();
  if (outer == ".gz" || outer == ".zst") file = file.stem();
  const std::string ending = file.extension().string();
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kEndings{
      {{".sqlite", "sqlite"}, {".sqlite3", "sqlite"}, {".db", "sqlite"}, {".sql", "postgres"}, {".dump", "postgres"}}};
  for (const auto& [known, engine] : kEndings) {
    if (ending == known && has_component(engine)) return std::string(engine);
  }
  return {};
}

/// The engine named with --engine, else the one that the file's name tells, else the only one there is.
std::string engine_name(const ImportOptions& options) {
  if (!options.engine.empty()) return options.engine;
  if (std::string told = engine_by_ending(options.file); !told.empty()) return told;
  std::vector<std::string> engines;
  for (const ComponentInfo& component : components()) {
    if (component.kind == "engine") engines.push_back(component.name);
  }
  if (engines.size() == 1) return engines.front();
  throw Error(ErrorCode::invalid_argument, fmt::format("which database {} holds is not clear", options.file))
      .hint(fmt::format("dbsnap import --engine NAME {}", options.file));
}

std::unique_ptr<Snapshotter> open_import_engine(const ImportOptions& options) {
  if (!options.as.empty()) return open_source(options.as);
  if (options.file == "-") {
    throw Error(ErrorCode::invalid_argument, "import from standard input needs --as SOURCE to name what it is");
  }
  return open_engine_named(engine_name(options), options.file);
}

int run_import(Invocation& invocation, const ImportOptions& options) {
  const std::unique_ptr<Snapshotter> engine = open_import_engine(options);
  const RepositoryPlace place = invocation.place();
  const std::string repository_place = open_sink(place.url)->url();
  require_source_apart(options.file, repository_place);
  auto file = std::make_unique<FileReader>(options.file);
  const Clock& clock = system_clock();
  SnapshotOptions snapshot = snapshot_options(options.take);
  if (!snapshot.time) snapshot.time = file->changed(clock);
  OpenedRepository opened = invocation.open_or_create(place, options.take.creation, [] {});
  if (opened.created) report_creation(invocation, opened.repository);

  const MonotonicTime started = clock.monotonic();
  const Manifest manifest = [&] {
    ProgressLine line(invocation.console(), engine->describe().name, clock);
    return opened.repository.import_file(std::move(file), *engine, snapshot, invocation.context(line));
  }();
  Console& console = invocation.console();
  report_snapshot(console, manifest, clock.monotonic() - started, "import", invocation.repository_word());
  if (console.json()) {
    console.document(fmt::format("{{\"repository\":{},\"created\":{},\"snapshots\":[{}],\"errors\":[]}}",
                                 repository_json(opened.repository), opened.created, to_json(manifest)));
  } else {
    console.result(manifest.id + '\n');
  }
  return manifest.warnings.empty() ? kDone : kDoneWithWarnings;
}

}  // namespace

void add_import(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<ImportOptions>();
  verb.add_option("FILE", options->file, "the file, or - for standard input")->required();
  verb.add_option("--as", options->as, "the source this file was taken from, for example sqlite:///srv/app.db")
      ->type_name("SOURCE");
  verb.add_option("--engine", options->engine,
                  "kind of database, where the file's name does not tell: sqlite or postgres")
      ->type_name("NAME");
  verb.add_option("--time", options->take.time, "the time the file shows (UTC unless it says otherwise)")
      ->type_name("TIME");
  add_take_options(verb, options->take);
  add_long_running_options(program, verb);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_import(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
