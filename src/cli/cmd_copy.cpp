// dbsnap copy: stores snapshots of one repository in another one, too.
#include <fmt/format.h>

#include "cli/copy_pending.hpp"
#include "cli/copy_report.hpp"
#include "cli/program.hpp"
#include "cli/snapshot_report.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "copy", "Take snapshots", "Copy snapshots into another repository.",
    "Snapshots keep their times, tags and facts; each gets a new id and remembers the first one, so that the id of the "
    "original names the copy too. Every byte is checked on the way and encrypted with the target's own key. The first "
    "copy reads everything, later ones only what changed. What the target holds already is left alone, and a copy that "
    "broke off is continued by running it again.\n"
    "\n"
    "Without ID, --last or --since everything is copied that was taken after the newest copy in the target; what is "
    "older and not there was removed by the target's own rules (--older copies it all the same).\n"
    "\n"
    "The repository that is read needs no right to the target and the other way round: run copy where both can be "
    "reached. Its password comes from --from-password-file or DBSNAP_FROM_PASSWORD and its like; where there is none, "
    "the target's is tried.\n"
    "\n"
    "--pending makes the copies that a backup into several repositories could not make. The ids of new copies are "
    "printed on standard output.\n",
    "# the puller has the keys: nothing on the Pi can touch the copies\n"
    "dbsnap copy --from /mnt/pi/backups --to /Volumes/Backup/pi\n"
    "\n"
    "# what would be copied, and how much would be read?\n"
    "dbsnap copy --from /var/backups/app --to /mnt/usb/app --last 10 --dry-run\n"
    "\n"
    "# catch up after the network was down\n"
    "dbsnap copy --pending -r /var/backups/app -r /mnt/nas/app\n"};

struct CopyVerb {
  std::string from;
  std::string from_password_file;
  std::string since;
  CreationOptions creation;
  CopyOptions copy;
  bool pending = false;
};

RepositoryPlace from_place(const CopyVerb& verb, const RepositoryPlace& target) {
  return {.url = verb.from,
          .password = {.file = verb.from_password_file, .variable = "DBSNAP_FROM_PASSWORD"},
          .password_option = "--from-password-file",
          .else_password = target.password};
}

/// Full ids of what was typed, as the source repository has them.
std::vector<std::string> resolved(Invocation& invocation, const Repository& from, const CopyOptions& options) {
  std::vector<std::string> ids;
  for (const std::string& id : options.ids) ids.push_back(from.resolve(id, options.filter, invocation.context()));
  return ids;
}

int run_copy(Invocation& invocation, const CopyVerb& verb) {
  if (verb.from.empty()) {
    throw Error(ErrorCode::invalid_argument, "copy was not told which repository to read").hint("dbsnap copy --help");
  }
  const RepositoryPlace target = invocation.place();
  const Repository from = invocation.open_repository(from_place(verb, target));
  CopyOptions options = verb.copy;
  options.ids = resolved(invocation, from, verb.copy);
  if (!verb.since.empty()) options.since = parse_time(verb.since);
  OpenedRepository to = invocation.open_or_create(target, verb.creation, [] {});
  if (to.created) report_creation(invocation, to.repository);

  Console& console = invocation.console();
  const Clock& clock = system_clock();
  const MonotonicTime started = clock.monotonic();
  const CopyReport report = [&] {
    ProgressLine line(console, "copy", clock);
    return to.repository.copy_from(from, options, invocation.context(line));
  }();
  if (options.dry_run && !console.json()) {
    console.result(copy_plan_text(report));
    return exit_code_of(report);
  }
  report_copies(console, report, clock.monotonic() - started);
  if (console.json()) {
    console.document(to_json(report));
    return exit_code_of(report);
  }
  for (const SnapshotCopy& copy : report.snapshots) {
    if (copy.state == SnapshotCopy::State::copied) console.result(copy.id + '\n');
  }
  return exit_code_of(report);
}

int run(Invocation& invocation, const CopyVerb& verb) {
  if (!verb.pending) return run_copy(invocation, verb);
  if (verb.from.empty()) return run_pending_copies(invocation, invocation.places(), {}, verb.copy);
  const RepositoryPlace target = invocation.place();
  return run_pending_copies(invocation, {from_place(verb, target)}, {target}, verb.copy);
}

void add_choosing_options(CLI::App& verb, CopyVerb& options) {
  verb.add_option("ID", options.copy.ids, "snapshots of the repository that is read; default: all that are new");
  add_filter_options(verb, options.copy.filter);
  verb.add_option("--last", options.copy.last, "only the newest N of each source")->type_name("N");
  verb.add_option("--since", options.since, "only what shows this time or a later one (UTC unless it says otherwise)")
      ->type_name("TIME");
  verb.add_flag("--older", options.copy.older, "also what is older than the newest copy and not in the target");
  verb.add_flag("--pending", options.pending, "make the copies that earlier backups could not make")
      ->excludes("ID")
      ->excludes("--source")
      ->excludes("--tag")
      ->excludes("--last")
      ->excludes("--since")
      ->excludes("--older");
}

}  // namespace

void add_copy(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<CopyVerb>();
  add_choosing_options(verb, *options);
  verb.add_flag("--pins", options->copy.pins, "pin the copies of pinned snapshots");
  verb.add_flag("--allow-unencrypted", options->copy.allow_unencrypted,
                "copy out of an encrypted repository into one that anybody can read");
  verb.add_flag("-n,--dry-run", options->copy.dry_run, "show what would be copied and change nothing");
  verb.add_option("--threads", options->copy.threads, "threads that compute; default: all cores")->type_name("N");
  verb.add_option("--level", options->copy.compression_level, "zstd compression level, 1 to 19; default 3")
      ->type_name("N")
      ->check(CLI::Range(1, 19));
  verb.add_flag("--init", options->creation.allowed, "make the target when there is none")->excludes("--dry-run");
  verb.add_flag("--no-encryption", options->creation.no_encryption, "with --init: make it without encryption");
  add_long_running_options(program, verb);
  verb.add_option("--from", options->from, "the repository to read")->type_name("REPO")->group(kRepositoryGroup);
  verb.add_option("--from-password-file", options->from_password_file,
                  "file that holds its password (DBSNAP_FROM_PASSWORD_FILE)")
      ->type_name("FILE")
      ->group(kRepositoryGroup);
  add_repository_options(program, verb, "--to");
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
