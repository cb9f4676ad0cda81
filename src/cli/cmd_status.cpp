// dbsnap status: whether the newest snapshot of each source is young enough, and what else needs attention.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/paths.hpp"
#include "cli/program.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/status.hpp"

namespace dbsnap::cli {
namespace {

using Json = nlohmann::ordered_json;

const VerbText kText = {
    "status", "Look", "Show how old the newest snapshot of each source is.",
    "For each source the newest snapshot that is not known to be damaged, copies to other repositories that are still "
    "pending, and snapshots that were begun and have not finished.\n"
    "\n"
    "With --max-age the exit code is 22 when a source has no good snapshot as young as that, or the repository has no "
    "snapshot at all. Pending copies give exit code 3. -r may be repeated: each repository is judged by itself, and "
    "one "
    "that cannot be opened gives the exit code of its error, after the others were looked at.\n",
    "# from a monitoring system: was there a backup since yesterday?\n"
    "dbsnap status --max-age 26h -r /var/backups/app\n"
    "\n"
    "# both places at once, for a program\n"
    "dbsnap status -r /var/backups/app -r /mnt/nas/app --json\n"};

struct StatusOptions {
  SnapshotFilter filter;
  std::string max_age;
};

RepositoryStatus look_at(Invocation& invocation, const Repository& repository, const SnapshotFilter& filter,
                         std::optional<std::chrono::seconds> max_age) {
  const Context context = invocation.context();
  const auto snapshots = repository.snapshots(filter, context);
  const auto pending = repository.pending(context);
  const auto unfinished = repository.unfinished(context);
  return status_of({.snapshots = snapshots, .pending = pending, .unfinished = unfinished}, system_clock().now(),
                   max_age);
}

/// "26 h", "3 d": coarse, for people.
std::string age_text(std::chrono::seconds age) {
  if (age < std::chrono::minutes(2)) return fmt::format("{} s", age.count());
  if (age < std::chrono::hours(2)) return fmt::format("{} min", age / std::chrono::minutes(1));
  if (age < std::chrono::hours(48)) return fmt::format("{} h", age / std::chrono::hours(1));
  return fmt::format("{} d", age / std::chrono::hours(24));
}

std::string notes_of(const SourceStatus& source) {
  std::vector<std::string> notes;
  if (source.too_old) notes.emplace_back(source.time ? "too old" : "no good snapshot");
  if (source.damaged > 0) notes.push_back(fmt::format("{} damaged", source.damaged));
  return joined(notes, ", ");
}

std::string status_text(const RepositoryStatus& status) {
  Table table({{"SOURCE"},
               {"HOST"},
               {"NEWEST (UTC)"},
               {"AGE", Align::right},
               {"SIZE", Align::right},
               {"SNAPSHOTS", Align::right},
               {"NOTES"}});
  for (const SourceStatus& source : status.sources) {
    table.row({source.source.name, source.source.host, source.time ? table_time(*source.time) : "none",
               source.time ? age_text(source.age) : "", size_text(source.size), fmt::format("{}", source.snapshots),
               notes_of(source)});
  }
  std::string text = table.empty() ? "no snapshot\n" : table.text();
  for (const PendingStatus& pending : status.pending) {
    text += printable(fmt::format("pending: the copy of {} of {} to {}, since {} UTC", short_id(pending.copy.snapshot),
                                  pending.source, pending.copy.to, table_time(pending.copy.since))) +
            '\n';
  }
  for (const UnfinishedSession& session : status.unfinished) {
    text +=
        printable(fmt::format("unfinished: {} of {} on {}, begun {} UTC; being taken now, or its process was killed",
                              short_id(session.id), session.source, session.host, table_time(session.started))) +
        '\n';
  }
  return text;
}

int exit_code_of(const RepositoryStatus& status) {
  if (status.too_old()) return dbsnap::exit_code_of(ErrorCode::too_old);
  return status.pending.empty() ? kDone : kDoneWithWarnings;
}

/// Says which sources are too old.
void complain_of_age(Console& console, const RepositoryStatus& status, const std::string& url) {
  if (!status.too_old()) return;
  std::vector<std::string> names;
  for (const SourceStatus& source : status.sources) {
    if (!source.too_old) continue;
    names.push_back(
        fmt::format("{} ({})", source.source.name, source.time ? age_text(source.age) : "no good snapshot"));
  }
  const std::string what = names.empty() ? "it holds no snapshot" : "too old: " + joined(names, ", ");
  console.complain(Error(ErrorCode::too_old, fmt::format("{}: {}", place_text(url), printable(what)))
                       .hint("dbsnap backup, and look why it did not run"));
}

int run_status(Invocation& invocation, const StatusOptions& options) {
  Console& console = invocation.console();
  const std::vector<RepositoryPlace> places = invocation.places();
  std::optional<std::chrono::seconds> max_age;
  if (!options.max_age.empty()) max_age = parse_duration(options.max_age);
  Json repositories = Json::array();
  int exit_code = kDone;
  int failed_with = kDone;
  for (const RepositoryPlace& place : places) {
    const std::string url = store_url(place);
    try {
      const Repository repository = invocation.open_repository(place);
      const RepositoryStatus status = look_at(invocation, repository, options.filter, max_age);
      // Too old comes before pending.
      exit_code = std::max(exit_code, exit_code_of(status));
      complain_of_age(console, status, url);
      repositories.push_back(Json{{"url", url}, {"id", repository.id()}, {"error", nullptr}});
      repositories.back().update(Json::parse(to_json(status)));
      if (console.json()) continue;
      if (places.size() > 1) console.result(printable(place_text(url)) + '\n');
      console.result(status_text(status));
    } catch (const Error& failure) {
      if (places.size() == 1 || failure.code() == ErrorCode::cancelled) throw;
      console.warn(fmt::format("nothing is known about {}", place_text(url)));
      console.complain(failure);
      repositories.push_back(Json{{"url", url}, {"id", nullptr}, {"error", Json::parse(to_json(failure)).at("error")}});
      if (failed_with == kDone) failed_with = failure.exit_code();
    }
  }
  if (console.json()) console.document(Json{{"repositories", repositories}}.dump());
  return failed_with != kDone ? failed_with : exit_code;
}

}  // namespace

void add_status(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<StatusOptions>();
  verb.add_option("--max-age", options->max_age, "how old the newest good snapshot may be: 26h, 7d, 2w")
      ->type_name("DURATION");
  add_filter_options(verb, options->filter);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_status(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
