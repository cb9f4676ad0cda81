// dbsnap verify: proves that what is stored can be read, or restored.
#include <fmt/format.h>

#include <optional>

#include "cli/files.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "verify", "Get data back", "Check that snapshots can be read and restored.",
    "Three levels, each including the ones before:\n"
    "\n"
    "  packs    every object a snapshot needs is there and has its size\n"
    "  frames   every stored byte is read, decoded and compared with its hash (default)\n"
    "  data     every snapshot is restored into a scratch folder and the database checks itself\n"
    "\n"
    "Damage is listed with the snapshot and the object it was found in, and ends with exit code 20.\n",
    "dbsnap verify -r /var/backups/app\n"
    "\n"
    "# restore the newest snapshot and let SQLite check it; the disk needs room for one database\n"
    "dbsnap verify latest --level data --scratch /var/tmp\n"};

struct VerifyVerbOptions {
  std::vector<std::string> ids;
  std::string level = "frames";
  std::string scratch;
  unsigned threads = 0;
  SnapshotFilter filter;
};

VerifyLevel level_named(const std::string& name) {
  if (name == "packs") return VerifyLevel::packs;
  return name == "data" ? VerifyLevel::data : VerifyLevel::frames;
}

/// Full ids of what to check; empty means everything.
std::vector<std::string> chosen_ids(Invocation& invocation, const Repository& repository,
                                    const VerifyVerbOptions& options) {
  std::vector<std::string> ids;
  for (const std::string& text : options.ids) {
    ids.push_back(repository.resolve(text, options.filter, invocation.context()));
  }
  const bool filtered = !options.filter.source.empty() || !options.filter.tags.empty();
  if (!ids.empty() || !filtered) return ids;
  for (const SnapshotSummary& snapshot : repository.snapshots(options.filter, invocation.context())) {
    ids.push_back(snapshot.id);
  }
  if (ids.empty()) throw Error(ErrorCode::not_found, "no snapshot matches").hint("dbsnap list");
  return ids;
}

std::string_view claim_of(VerifyLevel level) {
  switch (level) {
    case VerifyLevel::packs:
      return "every object is there";
    case VerifyLevel::frames:
      return "every byte reads back as it was written";
    case VerifyLevel::data:
      break;
  }
  return "every database restores and passes its own check";
}

/// Says what was found; returns the exit code.
int report_findings(Console& console, const VerifyReport& report, VerifyLevel level, std::chrono::nanoseconds elapsed) {
  if (console.json()) console.document(to_json(report));
  const std::string checked =
      fmt::format("{}, {}, {} checked, {}", counted(report.snapshots, "snapshot"), counted(report.objects, "object"),
                  size_text(report.bytes), elapsed_text(elapsed));
  if (report.ok()) {
    console.note(fmt::format("ok {}: {}", checked, claim_of(level)));
    return kDone;
  }
  for (const Damage& damage : report.damage) {
    const std::string where = damage.snapshot.empty() ? "" : fmt::format("snapshot {}: ", damage.snapshot);
    console.line(printable(fmt::format("damage: {}{}: {}", where, damage.object, damage.what)));
  }
  console.error(Error(ErrorCode::damaged,
                      fmt::format("found {} in the repository ({})", counted(report.damage.size(), "fault"), checked))
                    .hint("dbsnap list"));
  return exit_code_of(ErrorCode::damaged);
}

int run_verify(Invocation& invocation, const VerifyVerbOptions& options) {
  const Repository repository = invocation.open_repository();
  VerifyOptions verify;
  verify.level = level_named(options.level);
  verify.ids = chosen_ids(invocation, repository, options);
  verify.threads = options.threads;
  std::optional<ScratchFolder> scratch;
  if (verify.level == VerifyLevel::data) {
    scratch.emplace(options.scratch);
    verify.scratch_folder = scratch->path();
    verify.engine = [&scratch](const Manifest& manifest) {
      return open_engine_named(manifest.source.engine, scratch->path() + "/restored");
    };
  }
  const Clock& clock = system_clock();
  const MonotonicTime started = clock.monotonic();
  const VerifyReport report = [&] {
    ProgressLine line(invocation.console(), "verify", clock);
    return repository.verify(verify, invocation.context(line));
  }();
  return report_findings(invocation.console(), report, verify.level, clock.monotonic() - started);
}

}  // namespace

void add_verify(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<VerifyVerbOptions>();
  verb.add_option("ID", options->ids, "snapshots to check; default: all");
  verb.add_option("--level", options->level, "packs, frames or data; default frames")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"packs", "frames", "data"}));
  verb.add_option("--scratch", options->scratch, "for level data: folder with room for one database; default TMPDIR")
      ->type_name("FOLDER");
  verb.add_option("--threads", options->threads, "threads that decode; default: all cores")->type_name("N");
  add_filter_options(verb, options->filter);
  add_long_running_options(program, verb);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_verify(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
