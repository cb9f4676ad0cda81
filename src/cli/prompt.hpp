// Questions to the person at the terminal.
#pragma once

#include <stop_token>
#include <string>

namespace dbsnap::cli {

/// Asks on standard error and reads one line of standard input, without its newline. With `hidden`
/// the terminal does not show what is typed. Throws Error{cancelled} when `stop` is requested and
/// Error{invalid_argument} at the end of the input.
std::string ask(const std::string& question, bool hidden, const std::stop_token& stop);

/// True for an answer of "y" or "yes".
bool confirmed(const std::string& question, const std::stop_token& stop);

}  // namespace dbsnap::cli
