// The verbs of dbsnap key that have a file of their own.
#pragma once

#include <string>

#include "cli/program.hpp"
#include "dbsnap/key.hpp"

namespace dbsnap::cli {

/// "3f9a1c20d45be6f7 (laptop)": a key in a sentence.
std::string key_words(const KeyInfo& key);

void add_key_recovery(Program& program, CLI::App& parent);

}  // namespace dbsnap::cli
