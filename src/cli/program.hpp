// Program: the verbs and their options, and the way from a command line to an exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/invocation.hpp"

namespace dbsnap::cli {

/// What a verb does once its options are read; returns the exit code.
using Action = std::function<int(Invocation&)>;

/// Words about a verb.
struct VerbText {
  std::string name;
  std::string group;
  std::string summary;   ///< one line
  std::string details;   ///< paragraphs for --help
  std::string examples;  ///< lines of "command" or "# what it does"
};

/// The command line's grammar and, after parsing, what it asks for.
struct Program {
  CLI::App app;
  CommonOptions common;
  Action action;
};

/// Exit codes that no Error stands for.
constexpr int kDone = 0;
constexpr int kDoneWithWarnings = 3;

/// Groups of options in --help.
constexpr const char* kRepositoryGroup = "Repository";
constexpr const char* kOutputGroup = "Output";

/// Adds an empty verb. Its options are added to what is returned.
CLI::App& add_verb(Program& program, const VerbText& text);
/// The same for a verb of a verb, such as `key add`.
CLI::App& add_verb(CLI::App& parent, const VerbText& text);
/// Adds -r, also under `other_name` ("--to") when that is not empty, --password-file, --limit-upload and
/// --limit-download.
void add_repository_options(Program& program, CLI::App& verb, const std::string& other_name = {});
/// Adds --json, --quiet, --verbose.
void add_output_options(Program& program, CLI::App& verb);
/// Adds --progress and --timeout, for verbs that take a while.
void add_long_running_options(Program& program, CLI::App& verb);

/// Options that choose among snapshots: --source and --tag.
void add_filter_options(CLI::App& verb, SnapshotFilter& filter);

/// Fills `program` with every verb. Call once; the object must stay where it is.
void build_program(Program& program);

/// Runs a command line (without the program's name) and returns the exit code.
int run_program(const std::vector<std::string>& arguments);

}  // namespace dbsnap::cli
