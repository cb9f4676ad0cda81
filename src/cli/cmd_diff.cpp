// dbsnap diff: what changed between two snapshots.
#include <fmt/format.h>

#include "cli/program.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {"diff", "Look", "Show what changed between two snapshots.",
                        "For each entry that differs: its sizes, and how many chunks and bytes of the later snapshot "
                        "the earlier one does not hold. Only the chunk tables are read, not the data.\n",
                        "dbsnap diff 3f9a1c20 latest -r /var/backups/app\n"};

struct DiffOptions {
  std::string before;
  std::string after;
  SnapshotFilter filter;
};

std::string_view word_for(EntryDiff::Change change) {
  switch (change) {
    case EntryDiff::Change::same:
      return "same";
    case EntryDiff::Change::added:
      return "added";
    case EntryDiff::Change::removed:
      return "removed";
    case EntryDiff::Change::changed:
      break;
  }
  return "changed";
}

std::string text_of(const DiffReport& report) {
  Table table({{"ENTRY"},
               {"CHANGE"},
               {"BEFORE", Align::right},
               {"AFTER", Align::right},
               {"CHUNKS", Align::right},
               {"BYTES", Align::right}});
  std::uint64_t same = 0;
  for (const EntryDiff& entry : report.entries) {
    if (entry.change == EntryDiff::Change::same) {
      ++same;
      continue;
    }
    table.row({entry.name, std::string(word_for(entry.change)),
               entry.change == EntryDiff::Change::added ? "" : size_text(entry.size_before),
               entry.change == EntryDiff::Change::removed ? "" : size_text(entry.size_after),
               fmt::format("{}", entry.chunks_changed), size_text(entry.bytes_changed)});
  }
  const std::string unchanged = fmt::format("{} {}\n", same, same == 1 ? "entry is the same" : "entries are the same");
  return table.empty() ? unchanged : table.text() + (same == 0 ? "" : unchanged);
}

int run_diff(Invocation& invocation, const DiffOptions& options) {
  Console& console = invocation.console();
  const Repository repository = invocation.open_repository();
  const std::string before = repository.resolve(options.before, options.filter, invocation.context());
  const std::string after = repository.resolve(options.after, options.filter, invocation.context());
  const DiffReport report = repository.diff(before, after, invocation.context());
  if (console.json()) {
    console.document(to_json(report));
  } else {
    console.result(text_of(report));
  }
  return kDone;
}

}  // namespace

void add_diff(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<DiffOptions>();
  verb.add_option("BEFORE", options->before, "the earlier snapshot: id, its first digits, or latest")->required();
  verb.add_option("AFTER", options->after, "the later snapshot")->required();
  add_filter_options(verb, options->filter);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_diff(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
