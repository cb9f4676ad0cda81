// Console: the only place that writes. Results go to standard output, everything else to standard error.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "dbsnap/error.hpp"

namespace dbsnap::cli {

struct OutputOptions {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  std::string progress = "auto";  ///< auto, bar, plain, json or none
};

/// Writes lines for the user. Safe from several threads.
class Console {
 public:
  explicit Console(const OutputOptions& options);
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console();

  /// What the user asked for, to standard output, as it is.
  void result(std::string_view text);
  /// The one JSON document of a run with --json.
  void document(std::string_view json);
  /// What happened, to standard error; silent with --quiet.
  void note(std::string_view line);
  /// More of it, with --verbose only.
  void detail(std::string_view line);
  /// Something to look at; --quiet does not hide it.
  void warn(std::string_view line);
  /// `error[NAME]: …` with why and what to try; with --json the error is also the document, unless
  /// one was written before.
  void error(const Error& error);
  /// The same to standard error only, for a run that goes on.
  void complain(const Error& error);
  /// A line that the next output replaces. Empty removes it.
  void transient(std::string_view line);
  /// A line to standard error as it is, whatever the other settings.
  void line(std::string_view text);

  /// Hands everything to the operating system. Throws Error when standard output does not take it.
  void finish();

  [[nodiscard]] bool json() const noexcept { return options_.json; }
  [[nodiscard]] bool quiet() const noexcept { return options_.quiet; }
  [[nodiscard]] bool verbose() const noexcept { return options_.verbose; }
  [[nodiscard]] const OutputOptions& options() const noexcept { return options_; }
  /// True when there is a person to ask: standard input and standard error are terminals.
  [[nodiscard]] bool can_ask() const noexcept;
  [[nodiscard]] bool error_is_terminal() const noexcept { return error_is_terminal_; }

 private:
  void to_error(std::string_view line);
  void clear_transient();

  OutputOptions options_;
  bool error_is_terminal_;
  bool document_written_ = false;
  bool transient_shown_ = false;
  int output_failure_ = 0;  // errno of the first write that standard output refused
  std::mutex mutex_;
};

/// The error as lines for people, each ending with a newline.
std::string error_text(const Error& error);

}  // namespace dbsnap::cli
