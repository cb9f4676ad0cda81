// Shell completion, written from the command line's own grammar so that it cannot fall behind it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace dbsnap::cli {

/// Scripts that complete the verbs and options of `app` for "dbsnap".
std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);

}  // namespace dbsnap::cli
