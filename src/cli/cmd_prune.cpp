// dbsnap prune: applies a retention policy and frees what no snapshot needs.
#include <fmt/format.h>

#include "cli/program.hpp"
#include "cli/prompt.hpp"
#include "cli/prune_report.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "prune", "Keep tidy", "Remove old snapshots by rules and free their space.",
    "A snapshot is kept when any --keep rule keeps it; every source is judged by itself, by recorded time in UTC. "
    "Pinned snapshots and the newest good one of each source are always kept. Without any --keep option no snapshot "
    "is removed, and only space that nothing needs is freed.\n"
    "\n"
    "--dry-run shows a table: each snapshot, kept or not and why, how many bytes go, and how far back restore still "
    "reaches. Removing snapshots needs a yes on the terminal, or --yes.\n"
    "\n"
    "Backups and other prunes may run meanwhile, on any host. Where there is data to remove, prune waits for the "
    "snapshots that are being taken. One that shows no sign of life for --patience seconds is taken for dead and what "
    "it stored is freed; should it be alive after all it notices and starts over. --discard-unfinished does not wait, "
    "--no-wait stops with error[locked] instead.\n"
    "\n"
    "The store is tried out first. One that lacks create-if-absent or up-to-date listings is pruned in a weaker mode, "
    "which prune names, or only with --exclusive.\n",
    "# what would a week of dailies and half a year of monthlies leave?\n"
    "dbsnap prune --keep-daily 7 --keep-monthly 6 --dry-run -r /var/backups/app\n"
    "\n"
    "# every night, from cron\n"
    "dbsnap prune --keep-daily 7 --keep-monthly 6 --yes\n"
    "\n"
    "# free what a killed backup left behind, without waiting for it to show life\n"
    "dbsnap prune --discard-unfinished --yes\n"};

constexpr std::uint32_t kPatienceS = 300;

struct PruneOptions {
  KeepRules rules;
  std::string within;
  bool dry_run = false;
  bool yes = false;
  bool discard_unfinished = false;
  bool no_wait = false;
  bool exclusive = false;
  std::uint32_t patience_s = kPatienceS;
  SnapshotFilter filter;
};

void require_consent(Invocation& invocation, const PrunePlan& plan, const PruneOptions& options) {
  const bool discards = options.discard_unfinished && !plan.unfinished.empty();
  if (options.yes || (snapshots_to_remove(plan) == 0 && !discards)) return;
  Console& console = invocation.console();
  if (!console.can_ask()) {
    throw Error(ErrorCode::invalid_argument, fmt::format("prune would remove {} and was not told to go ahead",
                                                         removal_text(plan, options.discard_unfinished)))
        .why("standard input is not a terminal to ask on")
        .hint("add --dry-run to see what goes, --yes to do it");
  }
  console.note(plan_text(plan));
  const std::string question = fmt::format("remove {} and free {}? [y/N] ",
                                           removal_text(plan, options.discard_unfinished), size_text(plan.bytes_freed));
  if (!confirmed(question, invocation.interrupts().token())) {
    throw Error(ErrorCode::invalid_argument, "nothing was removed: the answer was not yes");
  }
}

ApplyOptions apply_options(const PruneOptions& options) {
  return {.discard_unfinished = options.discard_unfinished,
          .wait = !options.no_wait,
          .patience = std::chrono::seconds(options.patience_s),
          .exclusive = options.exclusive};
}

int show_plan(Console& console, const PrunePlan& plan) {
  if (console.json()) {
    console.document(to_json(plan));
  } else {
    console.result(plan_text(plan));
  }
  return kDone;
}

int run_prune(Invocation& invocation, const PruneOptions& options) {
  KeepRules rules = options.rules;
  if (!options.within.empty()) rules.within = parse_duration(options.within);
  const std::unique_ptr<RetentionPolicy> policy = make_keep_policy(rules);
  Console& console = invocation.console();
  Repository repository = invocation.open_repository();
  const PrunePlan plan = repository.plan_prune(*policy, options.filter, invocation.context());
  if (const std::uint64_t count = removed_while_pending(plan)) {
    console.warn(
        fmt::format("{} {} before being copied to where a backup was to store it too; first: dbsnap copy --pending",
                    counted(count, "snapshot"), options.dry_run ? "would go" : (count == 1 ? "goes" : "go")));
  }
  if (options.dry_run) return show_plan(console, plan);
  require_consent(invocation, plan, options);

  const PruneReport report = [&] {
    ProgressLine line(console, "prune", system_clock());
    return repository.apply(plan, apply_options(options), invocation.context(line));
  }();
  console.note(fmt::format("ok removed {} and {}, {} freed; {}", counted(report.snapshots_removed, "snapshot"),
                           counted(report.packs_removed, "pack"), size_text(report.bytes_freed), reach_text(plan)));
  if (report.fenced > 0) {
    console.note(
        fmt::format("  {} showed no sign of life and can no longer commit", counted(report.fenced, "session")));
  }
  if (console.json()) console.document(to_json(report));
  return kDone;
}

void add_keep_options(CLI::App& verb, PruneOptions& options) {
  constexpr const char* kGroup = "What to keep";
  KeepRules& rules = options.rules;
  verb.add_option("--keep-last", rules.last, "the newest N")->type_name("N")->group(kGroup);
  verb.add_option("--keep-within", options.within, "all younger than this: 36h, 7d, 2w, 6m, 1y, 1y6m")
      ->type_name("DURATION")
      ->group(kGroup);
  verb.add_option("--keep-hourly", rules.hourly, "the newest of each hour, for N hours that have one")
      ->type_name("N")
      ->group(kGroup);
  verb.add_option("--keep-daily", rules.daily, "the same for days")->type_name("N")->group(kGroup);
  verb.add_option("--keep-weekly", rules.weekly, "for ISO weeks")->type_name("N")->group(kGroup);
  verb.add_option("--keep-monthly", rules.monthly, "for months")->type_name("N")->group(kGroup);
  verb.add_option("--keep-yearly", rules.yearly, "for years")->type_name("N")->group(kGroup);
  verb.add_option("--keep-tag", rules.tags, "all with this tag; may be repeated")
      ->type_name("TAG")
      ->allow_extra_args(false)
      ->group(kGroup);
  verb.add_option("--keep-min", rules.minimum, "never leave fewer than N of a source; default 1")
      ->type_name("N")
      ->group(kGroup);
}

}  // namespace

void add_prune(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<PruneOptions>();
  verb.add_flag("-n,--dry-run", options->dry_run, "show what would happen and change nothing");
  verb.add_flag("-y,--yes", options->yes, "do not ask");
  verb.add_flag("--discard-unfinished", options->discard_unfinished,
                "take snapshots that have not finished for dead at once");
  verb.add_option("--patience", options->patience_s,
                  "how long a snapshot that is being taken may show no sign of life; default 300")
      ->type_name("SECONDS");
  verb.add_flag("--no-wait", options->no_wait, "stop with error[locked] instead of waiting for running snapshots")
      ->excludes("--discard-unfinished");
  verb.add_flag("--exclusive", options->exclusive,
                "your word that nothing else uses the repository: ask and wait for nobody")
      ->excludes("--no-wait");
  add_filter_options(verb, options->filter);
  add_keep_options(verb, *options);
  add_long_running_options(program, verb);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_prune(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
