// dbsnap forget: drops snapshots by id.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/repository.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "forget", "Keep tidy", "Drop snapshots by id.",
    "A forgotten snapshot is no longer listed and cannot be restored. Its space is freed by the "
    "next dbsnap prune; until then dbsnap unforget brings it back. Pinned snapshots are refused: unpin "
    "them first.\n",
    "dbsnap forget 3f9a1c20 81bb04e7 -r /var/backups/app\n"
    "dbsnap forget --dry-run latest --source shop.db\n"};

struct ForgetOptions {
  std::vector<std::string> ids;
  bool dry_run = false;
  SnapshotFilter filter;
};

int run_forget(Invocation& invocation, const ForgetOptions& options) {
  Console& console = invocation.console();
  Repository repository = invocation.open_repository();
  std::vector<std::string> ids;
  for (const std::string& text : options.ids) {
    ids.push_back(repository.resolve(text, options.filter, invocation.context()));
  }
  if (!options.dry_run) repository.forget(ids, invocation.context());
  for (const std::string& id : ids) {
    console.note(fmt::format("{} {}", options.dry_run ? "would forget" : "forgot", short_id(id)));
  }
  if (!options.dry_run) {
    console.note(fmt::format("  free the space: dbsnap prune -r {}", invocation.repository_word()));
  }
  if (console.json()) {
    console.document(nlohmann::ordered_json{{"dry_run", options.dry_run}, {"forgotten", ids}}.dump());
  }
  return kDone;
}

}  // namespace

void add_forget(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<ForgetOptions>();
  verb.add_option("ID", options->ids, "snapshots: ids, their first digits, or latest")->required();
  verb.add_flag("-n,--dry-run", options->dry_run, "show what would go and change nothing");
  add_filter_options(verb, options->filter);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_forget(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
