// dbsnap version: what this program is and can do.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/version.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {"version", "Other", "Print the version, the repository format and what was built in.", "",
                        "dbsnap version\n"
                        "dbsnap version --json | jq -r .version\n"};

int run_version(Invocation& invocation) {
  Console& console = invocation.console();
  if (!console.json()) {
    std::string text = fmt::format("dbsnap {}\nrepository format {}\n", version(), repository_format());
    for (const ComponentInfo& component : components()) {
      text += fmt::format("{} {} ({}:)\n", component.kind, component.name, joined(component.schemes, ":, "));
    }
    console.result(text);
    return kDone;
  }
  nlohmann::ordered_json document = {{"version", version()}, {"repository_format", repository_format()}};
  document["components"] = nlohmann::ordered_json::array();
  for (const ComponentInfo& component : components()) {
    document["components"].push_back(
        {{"kind", component.kind}, {"name", component.name}, {"schemes", component.schemes}});
  }
  console.document(document.dump());
  return kDone;
}

}  // namespace

void add_version(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  add_output_options(program, verb);
  verb.callback([&program] { program.action = run_version; });
}

}  // namespace dbsnap::cli
