// dbsnap stats: how much a repository holds and what it costs.
#include <fmt/format.h>

#include "cli/paths.hpp"
#include "cli/program.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {"stats", "Look", "Show how much a repository holds and what it costs.",
                        "\"unused\" is data that no snapshot needs any more; dbsnap prune frees it.\n",
                        "dbsnap stats -r /var/backups/app\n"};

std::string ratio_text(const RepositoryStats& stats) {
  if (stats.stored_bytes == 0 || stats.plain_bytes == 0) return "";
  return fmt::format("{:.1f} : 1", static_cast<double>(stats.plain_bytes) / static_cast<double>(stats.stored_bytes));
}

int run_stats(Invocation& invocation) {
  Console& console = invocation.console();
  const Repository repository = invocation.open_repository();
  const RepositoryStats stats = repository.stats(invocation.context());
  if (console.json()) {
    console.document(to_json(stats));
    return kDone;
  }
  console.result(name_value_text(
      {{"repository", place_text(repository.sink().url())},
       {"id", repository.id()},
       {"encrypted", repository.encrypted() ? "yes" : "no"},
       {"snapshots", fmt::format("{}", stats.snapshots)},
       {"sources", fmt::format("{}", stats.sources)},
       {"databases", size_text(stats.plain_bytes) + " in all snapshots together"},
       {"stored", fmt::format("{} in {}", size_text(stats.stored_bytes), counted(stats.objects, "object"))},
       {"ratio", ratio_text(stats)},
       {"unused", size_text(stats.unreferenced_bytes)}}));
  return kDone;
}

}  // namespace

void add_stats(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program] { program.action = run_stats; });
}

}  // namespace dbsnap::cli
