// dbsnap init: makes a repository.
#include <fmt/format.h>

#include "cli/program.hpp"
#include "cli/snapshot_report.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap::cli {
namespace {

const VerbText kText = {
    "init", "Take snapshots", "Make a new repository.",
    "A repository is a folder that keeps snapshots. It is encrypted with a password unless --no-encryption is "
    "given. The password comes from --password-file, DBSNAP_PASSWORD_FILE, DBSNAP_PASSWORD_COMMAND or "
    "DBSNAP_PASSWORD; on a terminal dbsnap asks for one. Without the password nothing can be restored.\n"
    "\n"
    "An existing repository is never touched: init then ends with error[already-exists].\n"
    "\n"
    "The repository's id is printed on standard output.\n",
    "# make an encrypted repository; the password is in a file only root reads\n"
    "dbsnap init /var/backups/app --password-file /etc/dbsnap.password\n"
    "\n"
    "# make one without encryption\n"
    "dbsnap init ./backups --no-encryption\n"};

int run_init(Invocation& invocation, bool no_encryption) {
  const RepositoryPlace place = invocation.place();
  Repository repository = invocation.create_repository(invocation.open_store(place), place, no_encryption);
  report_creation(invocation, repository);
  Console& console = invocation.console();
  console.note(fmt::format("  next: dbsnap backup sqlite:///absolute/path/of.db -r {}", invocation.repository_word()));
  if (console.json()) {
    console.document(fmt::format("{{\"repository\":{}}}", repository_json(repository)));
  } else {
    console.result(repository.id() + '\n');
  }
  return kDone;
}

}  // namespace

void add_init(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto no_encryption = std::make_shared<bool>(false);
  verb.add_option_function<std::string>(
      "REPO", [&program](const std::string& url) { program.common.repositories = {url}; },
      "the new repository: a folder that is empty or does not exist");
  verb.add_flag("--no-encryption", *no_encryption, "make a repository that anyone who reads its folder can read");
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, no_encryption] {
    program.action = [no_encryption](Invocation& invocation) { return run_init(invocation, *no_encryption); };
  });
}

}  // namespace dbsnap::cli
