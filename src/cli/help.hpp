// The layout of --help.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace dbsnap::cli {

/// Lays out help as: usage, what it does, arguments, options by group, examples.
class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

/// First line of a verb's description.
std::string summary_of(const CLI::App& verb);

/// Verbs in the order they were added.
std::vector<const CLI::App*> verbs_of(const CLI::App& app);

/// What is typed to reach `app`: "dbsnap", "dbsnap key", "dbsnap key add".
std::string path_of(const CLI::App& app);

/// The placeholder of an option's value ("FILE", "N"); empty for a flag.
std::string placeholder_of(const CLI::Option& option);

}  // namespace dbsnap::cli
