// dbsnap list: the snapshots of a repository.
#include <fmt/format.h>

#include "cli/program.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "list", "Look", "List snapshots, newest first.",
    "Times are UTC. SIZE is the database's size, STORED what the snapshot added to the repository. A copy "
    "is named by the id of its original as well.\n",
    "dbsnap list -r /var/backups/app\n"
    "\n"
    "# ids of all snapshots tagged nightly, for a script\n"
    "dbsnap list --tag nightly --json | jq -r '.[].id'\n"};

std::string notes_of(const SnapshotSummary& snapshot) {
  std::vector<std::string> notes;
  if (snapshot.pinned) notes.emplace_back("pinned");
  if (!snapshot.good) notes.emplace_back("damaged");
  if (snapshot.origin) notes.push_back("copy of " + short_id(snapshot.origin->id));
  return joined(notes, ", ");
}

struct ListOptions {
  SnapshotFilter filter;
  bool forgotten = false;
};

int run_list(Invocation& invocation, const ListOptions& options) {
  const SnapshotFilter& filter = options.filter;
  Console& console = invocation.console();
  const Repository repository = invocation.open_repository();
  const std::vector<SnapshotSummary> snapshots = options.forgotten ? repository.forgotten(filter, invocation.context())
                                                                   : repository.snapshots(filter, invocation.context());
  if (console.json()) {
    console.document(to_json(snapshots));
    return kDone;
  }
  if (snapshots.empty()) {
    const bool filtered = !filter.source.empty() || !filter.tags.empty();
    console.note(filtered            ? "no snapshot matches"
                 : options.forgotten ? "no forgotten snapshot can be brought back"
                                     : "the repository holds no snapshot yet");
    return kDone;
  }
  std::vector<std::string> ids;
  for (const SnapshotSummary& snapshot : snapshots) ids.push_back(snapshot.id);
  const std::size_t digits = distinct_prefix(ids);
  Table table({{"SNAPSHOT"},
               {"TIME (UTC)"},
               {"SOURCE"},
               {"HOST"},
               {"SIZE", Align::right},
               {"STORED", Align::right},
               {"TAGS"},
               {"NOTES"}});
  for (const SnapshotSummary& snapshot : snapshots) {
    table.row({snapshot.id.substr(0, digits), table_time(snapshot.time), snapshot.source.name, snapshot.source.host,
               size_text(snapshot.size), size_text(snapshot.stored), joined(snapshot.tags, ","), notes_of(snapshot)});
  }
  console.result(table.text());
  return kDone;
}

}  // namespace

void add_list(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<ListOptions>();
  verb.add_flag("--forgotten", options->forgotten, "forgotten snapshots that dbsnap unforget can bring back");
  add_filter_options(verb, options->filter);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_list(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
