// Writes results, notes, errors and the progress line, so that they never run into each other.
#include "cli/console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/text.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {

Console::Console(const OutputOptions& options) : options_(options), error_is_terminal_(isatty(STDERR_FILENO) == 1) {}

Console::~Console() {
  const std::lock_guard lock(mutex_);
  clear_transient();
}

bool Console::can_ask() const noexcept { return error_is_terminal_ && isatty(STDIN_FILENO) == 1; }

void Console::result(std::string_view text) {
  const std::lock_guard lock(mutex_);
  clear_transient();
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && output_failure_ == 0) {
    output_failure_ = errno;
  }
}

void Console::document(std::string_view json) {
  result(std::string(json) + '\n');
  document_written_ = true;
}

void Console::note(std::string_view line) {
  if (!options_.quiet) to_error(line);
}

void Console::detail(std::string_view line) {
  if (options_.verbose) to_error(line);
}

void Console::warn(std::string_view line) { to_error(fmt::format("warning: {}", printable(line))); }

void Console::complain(const Error& error) {
  std::string text = error_text(error);
  text.pop_back();
  to_error(text);
}

void Console::error(const Error& error) {
  complain(error);
  if (options_.json && !document_written_) document(to_json(error));
}

void Console::transient(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (line.empty()) {
    clear_transient();
    return;
  }
  // One write, and nothing erased before it is written over: no flicker.
  const std::string text = '\r' + std::string(line) + "\033[K";
  std::fwrite(text.data(), 1, text.size(), stderr);
  transient_shown_ = true;
}

void Console::line(std::string_view text) { to_error(text); }

void Console::finish() {
  const std::lock_guard lock(mutex_);
  clear_transient();
  if (std::fflush(stdout) != 0 && output_failure_ == 0) output_failure_ = errno;
  if (output_failure_ == 0) return;
  const int failure = std::exchange(output_failure_, 0);
  throw Error(failure == ENOSPC ? ErrorCode::no_space : ErrorCode::io, "cannot write to standard output")
      .why(std::strerror(failure))
      .native_code(failure);
}

void Console::to_error(std::string_view line) {
  const std::lock_guard lock(mutex_);
  clear_transient();
  const std::string text = std::string(line) + '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void Console::clear_transient() {
  if (!transient_shown_) return;
  std::fputs("\r\033[K", stderr);
  transient_shown_ = false;
}

std::string error_text(const Error& error) {
  std::string text = fmt::format("error[{}]: {}\n", name_of(error.code()), printable(error.message()));
  if (!error.why().empty()) text += fmt::format("  why: {}\n", printable(error.why()));
  if (!error.hint().empty()) text += fmt::format("  try: {}\n", printable(error.hint()));
  return text;
}

}  // namespace dbsnap::cli
