// Other processes: programs that are run to their end, and children that are killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dbsnap::testing {

/// How a process ended.
struct ExitStatus {
  int code = -1;   ///< exit code, or -1 when a signal ended it
  int signal = 0;  ///< the signal that ended it, or 0
};

struct ProcessOptions {
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to, or replacing, our own
  std::string folder;                                            ///< working folder; empty: ours
  std::string input;                                             ///< given on standard input
};

/// A running child. Its destructor kills it, so that a failing test leaves nothing behind.
class ChildProcess {
 public:
  /// Runs the program argv[0] (looked up on PATH). Its standard output and error are captured.
  static ChildProcess start(const std::vector<std::string>& argv, const ProcessOptions& options = {});
  /// Runs `work` in a forked copy of this process, which exits with its result, or with 99 after an
  /// exception (its text is in err()). The caller must be the only thread of this process.
  static ChildProcess fork(const std::function<int()>& work);

  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Sends a signal; one that has ended already is left alone.
  void kill(int signal) const;
  /// Waits for its end; nothing when it is still running after `limit`.
  std::optional<ExitStatus> wait(std::chrono::milliseconds limit = std::chrono::seconds(120));
  /// What it has written until now.
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;
  /// Waits until out() holds `text`; false when it ended without it or `limit` passed.
  bool await_output(const std::string& text, std::chrono::milliseconds limit = std::chrono::seconds(60));

 private:
  ChildProcess();
  pid_t pid_ = -1;
  std::optional<ExitStatus> status_;
  int out_ = -1;  ///< unlinked temporary files that the child writes to
  int err_ = -1;
};

/// A program's whole run.
struct RunResult {
  ExitStatus status;
  std::string out;
  std::string err;
};
/// Starts a program and waits. Throws std::runtime_error when it has not ended after `limit`.
RunResult run_program(const std::vector<std::string>& argv, const ProcessOptions& options = {},
                      std::chrono::milliseconds limit = std::chrono::seconds(300));

}  // namespace dbsnap::testing
