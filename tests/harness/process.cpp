#include "harness/process.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace dbsnap::testing {
namespace {

constexpr int kForkFailed = 99;

int unnamed_file() {
  const int fd = ::memfd_create("captured output", MFD_CLOEXEC);
  if (fd < 0) throw std::runtime_error("cannot make a temporary file");
  return fd;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string read_all(int fd) {
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) return {};
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

[[noreturn]] void exec_child(const std::vector<std::string>& argv, const ProcessOptions& options, int in, int out,
                             int err) {
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  for (const auto& [name, value] : options.environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(127);
  std::vector<char*> pointers;
  for (const std::string& argument : argv) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  ::execvp(pointers[0], pointers.data());
  write_all(STDERR_FILENO, "cannot run " + argv[0] + ": " + std::strerror(errno) + "\n");
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess() : out_(unnamed_file()), err_(unnamed_file()) {}

ChildProcess ChildProcess::start(const std::vector<std::string>& argv, const ProcessOptions& options) {
  ChildProcess child;
  const int input = unnamed_file();
  write_all(input, options.input);
  ::lseek(input, 0, SEEK_SET);
  child.pid_ = ::fork();
  if (child.pid_ == 0) exec_child(argv, options, input, child.out_, child.err_);
  ::close(input);
  if (child.pid_ < 0) throw std::runtime_error("cannot fork");
  return child;
}

ChildProcess ChildProcess::fork(const std::function<int()>& work) {
  ChildProcess child;
  child.pid_ = ::fork();
  if (child.pid_ < 0) throw std::runtime_error("cannot fork");
  if (child.pid_ > 0) return child;
  ::dup2(child.out_, STDOUT_FILENO);
  ::dup2(child.err_, STDERR_FILENO);
  int code = kForkFailed;
  try {
    code = work();
  } catch (const std::exception& error) {
    write_all(STDERR_FILENO, error.what());
  }
  ::_exit(code);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0 && !status_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) ::close(out_);
  if (err_ >= 0) ::close(err_);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      out_(std::exchange(other.out_, -1)),
      err_(std::exchange(other.err_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(status_, other.status_);
  std::swap(out_, other.out_);
  std::swap(err_, other.err_);
  return *this;
}

void ChildProcess::kill(int signal) const {
  if (!status_) ::kill(pid_, signal);
}

std::optional<ExitStatus> ChildProcess::wait(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!status_) {
    int raw = 0;
    const pid_t ended = ::waitpid(pid_, &raw, WNOHANG);
    if (ended == pid_) {
      status_ = WIFEXITED(raw) ? ExitStatus{WEXITSTATUS(raw), 0} : ExitStatus{-1, WTERMSIG(raw)};
    } else if (std::chrono::steady_clock::now() >= end) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  return status_;
}

std::string ChildProcess::out() const { return read_all(out_); }
std::string ChildProcess::err() const { return read_all(err_); }

bool ChildProcess::await_output(const std::string& text, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (out().find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() >= end) return false;
    if (wait(std::chrono::milliseconds(1))) return out().find(text) != std::string::npos;
  }
  return true;
}

RunResult run_program(const std::vector<std::string>& argv, const ProcessOptions& options,
                      std::chrono::milliseconds limit) {
  ChildProcess child = ChildProcess::start(argv, options);
  const auto status = child.wait(limit);
  if (!status) throw std::runtime_error(argv.at(0) + " has not ended in time");
  return {*status, child.out(), child.err()};
}

}  // namespace dbsnap::testing
