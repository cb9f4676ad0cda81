// dbsnap verify: proves that what is stored can be read, or restored.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "cli/files.hpp"
#include "cli/program.hpp"
#include "cli/repair_report.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/retention.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "verify", "Get data back", "Check that snapshots can be read and restored.",
    "Six levels, each proving more than the ones before:\n"
    "\n"
    "  listing    every pack that a snapshot needs is there and has its size\n"
    "  tables     every chunk table reads back and needs only packs that are there\n"
    "  checksums  the checksums that the store itself keeps of the packs are right; reads no pack\n"
    "  packs      every pack is read and has the bytes that were written\n"
    "  frames     every stored byte is decoded and compared with its hash (default)\n"
    "  data       every snapshot is restored into a scratch folder and the database checks itself\n"
    "\n"
    "The repository remembers which packs were found whole. With --max-age packs that were checked lately are\n"
    "not read again; with --percent a part of them is read, those that waited longest first.\n"
    "\n"
    "With --keyless packs are compared with the checksums in them. That needs no password, so it can run where\n"
    "the storage is; it cannot see a pack that is missing, nor a forged one.\n"
    "\n"
    "Damage is listed with the snapshot and the object it was found in, and ends with exit code 20.\n"
    "With --repair, what is damaged is rebuilt from what is still stored, as a new snapshot; nothing is removed.\n"
    "Exit code 0 then means that nothing is lost, 3 that some snapshots were rebuilt and some were not.\n",
    "dbsnap verify -r /var/backups/app\n"
    "\n"
    "# each night a tenth of what is stored: all of it in ten days\n"
    "dbsnap verify --percent 10\n"
    "\n"
    "# restore the newest snapshot and let SQLite check it; the disk needs room for one database\n"
    "dbsnap verify latest --level data --scratch /var/tmp\n"
    "\n"
    "# what could be rebuilt of damaged snapshots, then the rebuilding\n"
    "dbsnap verify --repair --dry-run\n"
    "dbsnap verify --repair\n"};

struct VerifyVerbOptions {
  std::vector<std::string> ids;
  std::string level;  ///< empty: not given
  std::string scratch;
  std::string max_age;
  unsigned percent = 0;  ///< 0: not given
  bool keyless = false;
  unsigned threads = 0;
  RepairVerbOptions repair;
  SnapshotFilter filter;
};

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

VerifyOptions verify_options(Invocation& invocation, const Repository& repository, const VerifyVerbOptions& options) {
  VerifyOptions verify;
  if (!options.level.empty()) verify.level = verify_level_named(options.level);
  verify.ids = chosen_ids(invocation, repository, options);
  verify.threads = options.threads;
  if (!options.max_age.empty()) verify.max_age = parse_duration(options.max_age);
  if (options.percent != 0) verify.percent = options.percent;
  return verify;
}

/// What a clean run at `level` has shown.
std::string_view claim_of(VerifyLevel level) {
  switch (level) {
    case VerifyLevel::listing:
      return "every pack is there";
    case VerifyLevel::tables:
      return "every chunk table reads back";
    case VerifyLevel::checksums:
      return "the store has every pack as it was written, by its own checksums";
    case VerifyLevel::packs:
      return "every pack has the bytes that were written";
    case VerifyLevel::frames:
      return "every byte reads back as it was written";
    case VerifyLevel::data:
      break;
  }
  return "every database restores and passes its own check";
}

std::string count_text(const PackCount& count) {
  return fmt::format("{} ({})", counted(count.packs, "pack"), size_text(count.bytes));
}

/// What was not read and since when, where only a part was.
void note_parts(Console& console, const VerifyReport& report, VerifyLevel level) {
  if (report.fresh.packs == 0 && report.left.packs == 0) return;
  if (level == VerifyLevel::checksums) {
    console.note(fmt::format("the store keeps no checksum of {}", count_text(report.left)));
    return;
  }
  std::string text = fmt::format("read {} of {}", count_text(report.checked), count_text(report.needed));
  if (report.fresh.packs != 0) text += fmt::format(", {} checked lately", count_text(report.fresh));
  if (report.left.packs != 0) text += fmt::format(", {} left for later", count_text(report.left));
  console.note(text);
  console.note(report.oldest_check ? fmt::format("oldest check of a pack: {} UTC", table_time(*report.oldest_check))
                                   : "some packs were never checked at this level");
}

/// Lists damage, or notes `claim`; returns the exit code.
int report_findings(Console& console, const VerifyReport& report, const std::string& checked, std::string_view claim) {
  if (console.json()) console.document(to_json(report));
  if (report.ok()) {
    const bool parts = report.fresh.packs != 0 || report.left.packs != 0;
    console.note(parts ? fmt::format("ok {}: no damage in what was read", checked)
                       : fmt::format("ok {}: {}", checked, claim));
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
  if (options.repair.dry_run && !options.repair.repair) {
    throw Error(ErrorCode::invalid_argument, "--dry-run is for --repair").hint("dbsnap verify --repair --dry-run");
  }
  Repository repository = invocation.open_repository();
  VerifyOptions verify = verify_options(invocation, repository, options);
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
  if (options.repair.repair) {
    RepairVerbOptions repair = options.repair;
    repair.threads = options.threads;
    return repair_damage(invocation, repository, report, repair);
  }
  const std::string checked =
      fmt::format("{}, {}, {} checked, {}", counted(report.snapshots, "snapshot"), counted(report.objects, "object"),
                  size_text(std::max(report.bytes, report.checked.bytes)), elapsed_text(clock.monotonic() - started));
  note_parts(invocation.console(), report, verify.level);
  return report_findings(invocation.console(), report, checked, claim_of(verify.level));
}

int run_keyless(Invocation& invocation, const VerifyVerbOptions& options) {
  const std::shared_ptr<Sink> sink = invocation.open_store(invocation.place());
  KeylessOptions keyless{.percent = {}, .threads = options.threads};
  if (options.percent != 0) keyless.percent = options.percent;
  const Clock& clock = system_clock();
  const MonotonicTime started = clock.monotonic();
  const VerifyReport report = [&] {
    ProgressLine line(invocation.console(), "verify", clock);
    return Repository::verify_keyless(sink, keyless, invocation.context(line));
  }();
  const std::string checked = fmt::format("{} of {}, {}", count_text(report.checked), count_text(report.needed),
                                          elapsed_text(clock.monotonic() - started));
  invocation.console().note("without a key packs that are missing or forged are not seen; that takes dbsnap verify");
  return report_findings(invocation.console(), report, checked, "every pack matches the checksum in it");
}

}  // namespace

void add_verify(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<VerifyVerbOptions>();
  verb.add_option("ID", options->ids, "snapshots to check; default: all");
  verb.add_option("--level", options->level, "listing, tables, checksums, packs, frames or data; default frames")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"listing", "tables", "checksums", "packs", "frames", "data"}));
  verb.add_option("--max-age", options->max_age, "do not read packs that were checked within this time, such as 30d")
      ->type_name("DURATION");
  verb.add_option("--percent", options->percent, "read this share of the stored bytes, longest unchecked first")
      ->type_name("N")
      ->check(CLI::Range(1, 100));
  CLI::Option* const keyless =
      verb.add_flag("--keyless", options->keyless, "compare packs with their checksums; needs no password");
  verb.add_option("--scratch", options->scratch, "for level data: folder with room for one database; default TMPDIR")
      ->type_name("FOLDER");
  verb.add_flag("--repair", options->repair.repair, "rebuild what is damaged from what is still stored");
  verb.add_flag("--dry-run", options->repair.dry_run, "with --repair: only say what could be rebuilt");
  verb.add_option("--threads", options->threads, "threads that decode; default: all cores")->type_name("N");
  add_filter_options(verb, options->filter);
  for (const char* other : {"ID", "--level", "--max-age", "--scratch", "--repair", "--source", "--tag"}) {
    keyless->excludes(verb.get_option(other));
  }
  add_long_running_options(program, verb);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) {
      return options->keyless ? run_keyless(invocation, *options) : run_verify(invocation, *options);
    };
  });
}

}  // namespace dbsnap::cli
