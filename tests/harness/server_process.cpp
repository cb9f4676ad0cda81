#include "harness/server_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

namespace dbsnap::testing {
namespace {

constexpr auto kTimeToStop = std::chrono::seconds(30);

[[noreturn]] void exec_script(const std::string& script, const std::vector<std::string>& arguments, int in, int out) {
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  std::vector<std::string> argv = {"python3", "-u", std::string(DBSNAP_TEST_SERVERS) + "/" + script};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& argument : argv) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
  ::execvp(pointers[0], pointers.data());
  ::_exit(127);
}

}  // namespace

ServerProcess::ServerProcess(const std::string& script, const std::vector<std::string>& arguments) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  pid_ = ::fork();
  if (pid_ == 0) exec_script(script, arguments, in[0], out[1]);
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  try {
    read_line(script, out[0]);
  } catch (...) {
    ::close(out[0]);
    ::close(input_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    throw;
  }
  ::close(out[0]);
}

void ServerProcess::read_line(const std::string& script, int output) {
  std::string line;
  char c = 0;
  while (::read(output, &c, 1) == 1 && c != '\n') line.push_back(c);
  const auto parsed = nlohmann::json::parse(line, nullptr, false);
  if (!parsed.is_object()) throw std::runtime_error(script + " did not start; it printed: " + line);
  for (const auto& [name, value] : parsed.items())
    members_[name] = value.is_string() ? value.get<std::string>() : value.dump();
}

ServerProcess::~ServerProcess() {
  ::close(input_);
  const auto end = std::chrono::steady_clock::now() + kTimeToStop;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= end) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

const std::string& ServerProcess::at(const std::string& name) const {
  const auto found = members_.find(name);
  if (found == members_.end()) throw std::runtime_error("the server did not say its " + name);
  return found->second;
}

}  // namespace dbsnap::testing
