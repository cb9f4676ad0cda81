// Assembles the verbs, parses the command line, runs one verb and turns failures into exit codes.
#include "cli/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <exception>
#include <memory>
#include <sstream>

#include "cli/help.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/version.hpp"

namespace dbsnap::cli {
namespace {

constexpr const char* kDescription =
    "dbsnap takes consistent snapshots of live databases, stores what changed, and restores them.\n"
    "\n"
    "A repository is a folder, here or on a server, that keeps the snapshots. A source is a database, written as a "
    "URL: sqlite:///srv/app.db. Start with these three lines:\n"
    "\n"
    "  dbsnap backup sqlite:///srv/app.db -r /var/backups/app --init\n"
    "  dbsnap list -r /var/backups/app\n"
    "  dbsnap restore latest -r /var/backups/app --to sqlite:///tmp/app-check.db\n";

constexpr const char* kFooter =
    "dbsnap VERB --help explains a verb and shows examples.\n"
    "\n"
    "Environment:\n"
    "  DBSNAP_REPO               repository, where -r is not given\n"
    "  DBSNAP_PASSWORD_FILE      file with the repository's password\n"
    "  DBSNAP_PASSWORD_COMMAND   command that prints it\n"
    "  DBSNAP_PASSWORD           the password itself\n"
    "  DBSNAP_FROM_PASSWORD...   the same three for the repository that dbsnap copy reads\n"
    "  DBSNAP_NEW_PASSWORD...    the same three for the new password of dbsnap key\n"
    "\n"
    "Exit codes:\n"
    "  0 done   1 other failure   2 usage   3 done with warnings   4 source unreachable\n"
    "  5 storage unreachable   6 no space   7 access refused   10 no repository   11 locked\n"
    "  12 wrong password   20 damaged data   22 too old   23 target exists or is in use\n"
    "  24 incompatible version   25 no snapshot at that time   130 interrupted\n";

std::string indented_examples(const std::string& text) {
  std::istringstream lines(text);
  std::string out = "Examples:\n";
  for (std::string line; std::getline(lines, line);) out += (line.empty() ? line : "  " + line) + '\n';
  return out;
}

/// Differences between two words as people mistype them (edit distance).
std::size_t distance(const std::string& left, const std::string& right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t changed = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row.back();
}

/// The candidate that `word` was probably meant to be, or nothing.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t edits = distance(word, candidate);
    if (edits < best_distance) {
      best = candidate;
      best_distance = edits;
    }
  }
  return best;
}

/// The verb on the command line, or the verb of that verb; `app` itself when there is none.
const CLI::App& chosen_verb(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : chosen_verb(*chosen.front());
}

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs_of(app)) names.push_back(verb->get_name());
  return names;
}

std::vector<std::string> long_options(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// Our error for what CLI11 found wrong.
Error usage_error(const CLI::App& app, const CLI::ParseError& failure, const std::vector<std::string>& arguments) {
  const CLI::App& verb = chosen_verb(app);
  const std::string path = path_of(verb);
  const std::vector<std::string> extra = verb.remaining();
  if (!verb_names(verb).empty()) {
    const std::vector<std::string>& words = &verb == &app ? arguments : extra;
    if (words.empty()) return Error(ErrorCode::invalid_argument, "no verb was given").hint(path + " --help");
    const std::string word = printable(words.front());
    const std::string meant = nearest(word, verb_names(verb));
    return Error(ErrorCode::invalid_argument, fmt::format("there is no verb \"{}\"", word))
        .hint(path + " " + (meant.empty() ? "--help" : meant));
  }
  std::string message = failure.what();
  std::string hint = path + " --help";
  if (dynamic_cast<const CLI::ExtrasError*>(&failure) != nullptr && !extra.empty()) {
    message = fmt::format("\"{}\" is not understood by {}", printable(extra.front()), path);
    const std::string meant = extra.front().starts_with("--") ? nearest(extra.front(), long_options(verb)) : "";
    if (!meant.empty()) hint = path + " " + meant;
  } else if (message.size() > 1 && std::islower(static_cast<unsigned char>(message[1])) != 0) {
    message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  }
  while (message.ends_with('.') || message.ends_with('\n')) message.pop_back();
  return Error(ErrorCode::invalid_argument, message).hint(hint);
}

/// Prints `error` and returns its exit code.
int report(Console& console, const Error& error, int exit_code) {
  console.error(error);
  try {
    console.finish();
  } catch (const Error&) {
    // The first failure is the one to tell.
  }
  return exit_code;
}

int run_action(const Program& program) {
  Invocation invocation(program.common);
  Console& console = invocation.console();
  try {
    const int exit_code = program.action(invocation);
    console.finish();
    return exit_code;
  } catch (const Error& error) {
    const bool interrupted = error.code() == ErrorCode::cancelled;
    return report(console, error, interrupted ? invocation.interrupts().exit_code() : error.exit_code());
  } catch (const std::bad_alloc&) {
    return report(console, Error(ErrorCode::internal, "out of memory"), exit_code_of(ErrorCode::internal));
  } catch (const std::exception& failure) {
    return report(console, Error(ErrorCode::internal, "unexpected failure").why(failure.what()),
                  exit_code_of(ErrorCode::internal));
  }
}

/// "dbsnap help VERB" is "dbsnap VERB --help", also for a verb of a verb.
std::vector<std::string> without_help_verb(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() != "help") return arguments;
  arguments.erase(arguments.begin());
  arguments.resize(std::min<std::size_t>(arguments.size(), 2));
  arguments.emplace_back("--help");
  return arguments;
}

}  // namespace

CLI::App& add_verb(Program& program, const VerbText& text) { return add_verb(program.app, text); }

CLI::App& add_verb(CLI::App& parent, const VerbText& text) {
  CLI::App& verb = *parent.add_subcommand(text.name, text.summary + "\n\n" + text.details);
  verb.group(text.group);
  verb.footer(indented_examples(text.examples));
  verb.set_help_flag("-h,--help", "show this help")->group(kOutputGroup);
  return verb;
}

void add_repository_options(Program& program, CLI::App& verb, const std::string& other_name) {
  verb.add_option(other_name.empty() ? "-r,--repo" : "-r,--repo," + other_name, program.common.repositories,
                  "the repository: a folder, sftp://user@host/folder or s3://bucket/prefix (DBSNAP_REPO)")
      ->type_name("REPO")
      ->allow_extra_args(false)
      ->group(kRepositoryGroup);
  verb.add_option("--password-file", program.common.password_files,
                  "file that holds the repository's password (DBSNAP_PASSWORD_FILE)")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->group(kRepositoryGroup);
  verb.add_option("--limit-upload", program.common.limit_upload,
                  "send at most this much per second to the repository, for example 10M")
      ->type_name("SIZE")
      ->group(kRepositoryGroup);
  verb.add_option("--limit-download", program.common.limit_download, "read at most this much per second from it")
      ->type_name("SIZE")
      ->group(kRepositoryGroup);
  add_cache_options(verb, program.common.cache);
}

void add_output_options(Program& program, CLI::App& verb) {
  OutputOptions& output = program.common.output;
  verb.add_flag("--json", output.json, "print one JSON document on standard output")->group(kOutputGroup);
  verb.add_flag("-q,--quiet", output.quiet, "no notes and no progress; errors and warnings only")->group(kOutputGroup);
  verb.add_flag("-v,--verbose", output.verbose, "say more about what happens")->group(kOutputGroup);
}

void add_long_running_options(Program& program, CLI::App& verb) {
  verb.add_option("--progress", program.common.output.progress,
                  "auto, bar, plain, json (lines on standard error) or none; auto is a line redrawn on a terminal, "
                  "elsewhere a line every 30 seconds")
      ->type_name("HOW")
      ->check(CLI::IsMember({"auto", "bar", "plain", "json", "none"}))
      ->group(kOutputGroup);
  verb.add_option("--timeout", program.common.timeout_s, "give up after this many seconds")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
}

void add_filter_options(CLI::App& verb, SnapshotFilter& filter) {
  verb.add_option("--source", filter.source, "only snapshots of this source: its name, URL, key or engine")
      ->type_name("SOURCE");
  verb.add_option("--tag", filter.tags, "only snapshots with this tag; may be repeated, all must match")
      ->type_name("TAG")
      ->allow_extra_args(false);
}

void build_program(Program& program) {
  CLI::App& app = program.app;
  app.description(kDescription);
  app.footer(kFooter);
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", "show this help");
  app.set_version_flag("--version", std::string("dbsnap ") + version(), "print the version");
  app.require_subcommand(1);
  for (const auto add : {add_init,     add_backup, add_import, add_copy,  add_restore, add_export,     add_verify,
                         add_list,     add_show,   add_diff,   add_stats, add_status,  add_prune,      add_forget,
                         add_unforget, add_pin,    add_unpin,  add_key,   add_doctor,  add_completion, add_version}) {
    add(program);
  }
}

int run_program(const std::vector<std::string>& given) {
  const std::vector<std::string> arguments = without_help_verb(given);
  Program program;
  build_program(program);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    program.app.parse(reversed);
  } catch (const CLI::Success& asked) {
    return program.app.exit(asked);
  } catch (const CLI::ParseError& failure) {
    OutputOptions output;
    output.json = std::ranges::find(arguments, "--json") != arguments.end();
    Console console(output);
    const Error error = usage_error(program.app, failure, arguments);
    return report(console, error, error.exit_code());
  }
  return run_action(program);
}

}  // namespace dbsnap::cli
