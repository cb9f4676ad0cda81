// dbsnap doctor: whether a place can keep a repository, and what to do where it cannot.
#include "dbsnap/doctor.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {
namespace {

constexpr std::size_t kSeverityWidth = 7;

const VerbText kText = {
    "doctor", "Look", "Examine the place of a repository: can it be used, and what does it promise.",
    "Tries whether the place answers, whether objects may be put, read, listed and removed there, whether it creates\n"
    "only what is absent and lists what was just written, whether there is a repository, and how much room is left.\n"
    "No password is needed. The trial puts and removes one small object; --read-only leaves that out.\n"
    "\n"
    "Exit code 0: nothing need be done. 3: it works, with warnings. 5, 6, 7, 10, 20, 24: what the first failure is.\n",
    "dbsnap doctor -r /var/backups/app\n"
    "dbsnap doctor -r sftp://backup@vault.example/srv/dbsnap/app\n"
    "\n"
    "# what needs attention, for a script\n"
    "dbsnap doctor --json | jq -r '.findings[] | select(.severity != \"ok\") | .check + \": \" + .what'\n"};

void print(Console& console, const DoctorReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    std::string word(name_of(finding.severity));
    word.resize(std::max(kSeverityWidth, word.size()), ' ');
    text += word + "  " + printable(finding.check + ": " + finding.what) + "\n";
    if (!finding.hint.empty()) text += std::string(kSeverityWidth, ' ') + "  try: " + printable(finding.hint) + "\n";
  }
  console.result(text);
}

int run_doctor(Invocation& invocation, const DoctorOptions& options) {
  Console& console = invocation.console();
  const std::shared_ptr<Sink> sink = invocation.open_store(invocation.place());
  const DoctorReport report = examine_store(*sink, options, invocation.context());
  if (console.json()) {
    console.document(to_json(report));
  } else {
    print(console, report);
  }
  return report.exit_code();
}

}  // namespace

void add_doctor(Program& program) {
  CLI::App& verb = add_verb(program, kText);
  const auto options = std::make_shared<DoctorOptions>();
  verb.add_flag("!--read-only", options->write_trial, "only look; say nothing about rights to write");
  verb.add_option("--timeout", program.common.timeout_s, "give up after this many seconds")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  add_repository_options(program, verb);
  add_output_options(program, verb);
  verb.callback([&program, options] {
    program.action = [options](Invocation& invocation) { return run_doctor(invocation, *options); };
  });
}

}  // namespace dbsnap::cli
