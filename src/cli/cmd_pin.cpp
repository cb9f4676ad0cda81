// dbsnap pin and unpin: snapshots that no policy removes.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/repository.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kPinText = {"pin", "Keep tidy", "Protect snapshots from prune and forget.",
                           "A pinned snapshot stays whatever the rules of prune say, until it is unpinned.\n",
                           "dbsnap pin latest -r /var/backups/app\n"
                           "dbsnap pin \"$(dbsnap backup sqlite:///srv/app.db --tag before-upgrade)\"\n"};

const VerbText kUnpinText = {"unpin", "Keep tidy", "Give pinned snapshots back to prune.",
                             "A snapshot that is not pinned is left as it is.\n",
                             "dbsnap unpin 3f9a1c20 -r /var/backups/app\n"};

struct PinOptions {
  bool pin = true;
  std::vector<std::string> ids;
  SnapshotFilter filter;
};

int run_pin(Invocation& invocation, const PinOptions& options) {
  Console& console = invocation.console();
  Repository repository = invocation.open_repository();
  std::vector<std::string> ids;
  for (const std::string& text : options.ids) {
    ids.push_back(repository.resolve(text, options.filter, invocation.context()));
  }
  for (const std::string& id : ids) {
    if (options.pin) {
      repository.pin(id, invocation.context());
    } else {
      repository.unpin(id, invocation.context());
    }
    console.note(fmt::format("{} {}", options.pin ? "pinned" : "unpinned", short_id(id)));
  }
  if (console.json()) console.document(nlohmann::ordered_json{{options.pin ? "pinned" : "unpinned", ids}}.dump());
  return kDone;
}

void add(Program& program, const VerbText& text, bool pin) {
  CLI::App& verb = add_verb(program, text);
  const auto options = std::make_shared<PinOptions>();
  options->pin = pin;
  verb.add_option("ID", options->ids, "snapshots: ids, their first digits, or latest")->required();
  add_filter_options(verb, options->filter);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_pin(invocation, *options); };
  });
}

}  // namespace

void add_pin(Program& program) { add(program, kPinText, true); }
void add_unpin(Program& program) { add(program, kUnpinText, false); }

}  // namespace dbsnap::cli
