// Server process: a server on loopback that lives as long as the test that started it.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace dbsnap::testing {

/// Runs `python3 tests/harness/servers/SCRIPT ARGUMENTS` until it is destroyed. Such a script starts its server on a
/// free port of loopback, prints one line of JSON that says where it is, and stops the server when its standard input
/// is closed, so that nothing is left behind by a test that crashes.
class ServerProcess {
 public:
  /// Throws std::runtime_error with what the script wrote when it ends before it prints its line.
  explicit ServerProcess(const std::string& script, const std::vector<std::string>& arguments = {});
  /// Closes the script's standard input and waits for its end; kills it when that takes too long.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// A member of the line, numbers as text. Throws std::runtime_error when there is none of that name.
  [[nodiscard]] const std::string& at(const std::string& name) const;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  void read_line(const std::string& script, int output);

  pid_t pid_ = -1;
  int input_ = -1;
  std::map<std::string, std::string> members_;
};

}  // namespace dbsnap::testing
