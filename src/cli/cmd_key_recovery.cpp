// dbsnap key recovery: adds a recovery key and prints the sheet that explains it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "cli/cmd_key.hpp"
#include "cli/files.hpp"
#include "cli/paths.hpp"
#include "cli/recovery_sheet.hpp"
#include "cli/snapshot_report.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "recovery", "Verbs", "Add a recovery code and print a sheet to lock away.",
    "dbsnap makes a code of 160 random bits that opens the repository like a password. It is shown this once and kept "
    "nowhere: print the sheet, and keep it neither in the repository nor on a machine that is backed up. Every group "
    "of "
    "the code has a check character, so a slip in typing is told by its group.\n",
    "dbsnap key recovery --output sheet.txt -r /var/backups/app\n"
    "dbsnap key recovery --label safe -r /var/backups/app | lpr\n"};

struct RecoveryOptions {
  std::string label;
  std::string output;
};

std::string document_of(const Repository& repository, const RecoveryKey& made, const RecoveryOptions& options) {
  const bool to_file = !options.output.empty();
  return fmt::format(
      "{{\"repository\":{},\"key\":{},\"code\":{},\"file\":{}}}", repository_json(repository), to_json(made.key),
      to_file ? "null" : nlohmann::json(made.code).dump(),
      to_file ? nlohmann::json(options.output).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) : "null");
}

/// Hands the code to the user: to the file, or to standard output.
void give(Invocation& invocation, const Repository& repository, const RecoveryKey& made, const RecoveryOptions& options,
          std::optional<NewFileWriter>& file) {
  Console& console = invocation.console();
  std::string sheet = recovery_sheet(made, repository, invocation.repository_word());
  const WipedPassword wiped(sheet);
  if (file) {
    file->write(0, std::as_bytes(std::span(sheet)));
    file->commit();
  } else if (!console.json()) {
    console.result(sheet);
  }
  if (console.json()) console.document(document_of(repository, made, options));
  console.finish();
}

int run_recovery(Invocation& invocation, const RecoveryOptions& options) {
  Repository repository = invocation.open_repository();
  std::optional<NewFileWriter> file;
  if (!options.output.empty()) {
    require_target_apart(options.output, repository.sink().url());
    file.emplace(options.output, false, "a recovery sheet never replaces a file");
  }
  RecoveryKey made = repository.add_recovery_key(options.label, invocation.context());
  const WipedPassword wiped(made.code);
  try {
    give(invocation, repository, made, options, file);
  } catch (...) {
    // Nobody has the code, so the key is of no use.
    repository.remove_key(made.key.id, {}, {});
    throw;
  }
  const std::string place =
      file ? fmt::format("; its code is in {}, print it and delete the file", options.output) : "";
  invocation.console().note(fmt::format("added recovery key {}{}", key_words(made.key), place));
  return kDone;
}

}  // namespace

void add_key_recovery(Program& program, CLI::App& parent) {
  CLI::App& verb = add_verb(parent, kText);
  const auto options = std::make_shared<RecoveryOptions>();
  verb.add_option("--label", options->label, "words to tell the key by; stored in clear")->type_name("TEXT");
  verb.add_option("-o,--output", options->output,
                  "write the sheet to this new file, which only you may read, instead of standard output")
      ->type_name("FILE");
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_recovery(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
