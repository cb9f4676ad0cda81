// dbsnap unforget: brings forgotten snapshots back.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/repository.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {"unforget", "Keep tidy", "Bring forgotten snapshots back.",
                        "Possible until a prune has removed the data. The snapshot comes back with its content, times "
                        "and tags under a new id. dbsnap list --forgotten shows what there is.\n",
                        "dbsnap list --forgotten\n"
                        "dbsnap unforget 3f9a1c20 -r /var/backups/app\n"};

/// The one forgotten snapshot whose id starts with `text`.
std::string full_id(const std::vector<SnapshotSummary>& forgotten, const std::string& text) {
  std::vector<std::string> found;
  for (const SnapshotSummary& snapshot : forgotten) {
    if (snapshot.id.starts_with(text)) found.push_back(snapshot.id);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    throw Error(ErrorCode::not_found, "there is no forgotten snapshot " + text).hint("dbsnap list --forgotten");
  }
  throw Error(ErrorCode::invalid_argument, fmt::format("{} forgotten snapshots start with {}", found.size(), text))
      .hint("dbsnap list --forgotten");
}

int run_unforget(Invocation& invocation, const std::vector<std::string>& texts) {
  Console& console = invocation.console();
  Repository repository = invocation.open_repository();
  const auto forgotten = repository.forgotten({}, invocation.context());
  std::vector<std::string> ids;
  for (const std::string& text : texts) ids.push_back(full_id(forgotten, text));
  auto snapshots = nlohmann::ordered_json::array();
  for (const std::string& id : ids) {
    const Manifest manifest = repository.unforget(id, invocation.context());
    console.note(fmt::format("brought back {} as {}", short_id(id), short_id(manifest.id)));
    if (!console.json()) console.result(manifest.id + "\n");
    snapshots.push_back({{"forgotten", id}, {"id", manifest.id}});
  }
  if (console.json()) console.document(nlohmann::ordered_json{{"snapshots", snapshots}}.dump());
  return kDone;
}

}  // namespace

void add_unforget(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto ids = std::make_shared<std::vector<std::string>>();
  verb.add_option("ID", *ids, "forgotten snapshots: ids or their first digits")->required();
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback(
      [&program, ids] { program.action = [ids](Invocation& invocation) { return run_unforget(invocation, *ids); }; });
}

}  // namespace dbsnap::cli
