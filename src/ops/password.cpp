// Finds a repository's password in a file, the environment, or the output of a command.
#include "dbsnap/password.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/posix_file.hpp"
#include "base/secret.hpp"
#include "dbsnap/error.hpp"

extern char** environ;

namespace dbsnap {
namespace {

constexpr std::size_t kMaxPasswordSize = 64 * 1024;
constexpr int kPollMs = 200;
constexpr int kWaitMs = 10;

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

std::string checked(const SecretText& text, const std::string& origin) {
  if (text.size() > kMaxPasswordSize) {
    throw Error(ErrorCode::invalid_argument, origin + " gives more than 64 KiB, which is no password");
  }
  std::string_view password = text.view();
  while (password.ends_with('\n') || password.ends_with('\r')) password.remove_suffix(1);
  if (password.empty()) throw Error(ErrorCode::invalid_argument, origin + " gives an empty password");
  return std::string(password);
}

std::string password_of_file(const std::string& path) {
  const PosixFile file = PosixFile::open(path, O_RDONLY);
  SecretText text;
  std::array<char, 4096> part{};
  const WipeAtEnd wiped(std::as_writable_bytes(std::span(part)));
  while (text.size() <= kMaxPasswordSize) {
    const ssize_t n = ::read(file.descriptor(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw posix_error(errno, "read", path);
    if (n == 0) break;
    text.append({part.data(), static_cast<std::size_t>(n)});
  }
  return checked(text, "the password file " + path);
}

/// Attributes of a child that handles signals as a program started from a shell does, whatever this
/// process blocks or ignores for itself.
class UsualSignals {
 public:
  UsualSignals() {
    sigset_t signals;
    ::posix_spawnattr_init(&attributes_);
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~UsualSignals() { ::posix_spawnattr_destroy(&attributes_); }
  UsualSignals(const UsualSignals&) = delete;
  UsualSignals& operator=(const UsualSignals&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

/// A child process that prints to a pipe; killed and waited for when it is left early.
class ShellCommand {
 public:
  explicit ShellCommand(const std::string& command) {
    if (::pipe2(pipe_.data(), O_CLOEXEC) != 0) throw posix_error(errno, "make a pipe for", "the password command");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, pipe_[1], STDOUT_FILENO);
    std::string shell = "sh";
    std::string flag = "-c";
    std::string text = command;
    std::array<char*, 4> arguments = {shell.data(), flag.data(), text.data(), nullptr};
    const int status = ::posix_spawn(&child_, "/bin/sh", &actions, UsualSignals().get(), arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(pipe_[1]);
    if (status != 0) {
      ::close(pipe_[0]);
      throw posix_error(status, "start", "/bin/sh");
    }
  }
  ShellCommand(const ShellCommand&) = delete;
  ShellCommand& operator=(const ShellCommand&) = delete;
  ~ShellCommand() {
    close_pipe();
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  SecretText output(const Context& context) {
    SecretText text;
    std::array<char, 4096> part{};
    const WipeAtEnd wiped(std::as_writable_bytes(std::span(part)));
    while (text.size() <= kMaxPasswordSize) {
      context.check();
      pollfd ready{pipe_[0], POLLIN, 0};
      if (::poll(&ready, 1, kPollMs) <= 0) continue;
      const ssize_t n = ::read(pipe_[0], part.data(), part.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw posix_error(errno, "read from", "the password command");
      if (n == 0) break;
      text.append({part.data(), static_cast<std::size_t>(n)});
    }
    return text;
  }

  /// Wait status of the child, once it has ended.
  int wait(const Context& context) {
    close_pipe();
    int status = 0;
    while (::waitpid(child_, &status, WNOHANG) == 0) {
      context.check();
      ::poll(nullptr, 0, kWaitMs);
    }
    child_ = -1;
    return status;
  }

 private:
  void close_pipe() {
    if (pipe_[0] >= 0) ::close(std::exchange(pipe_[0], -1));
  }

  std::array<int, 2> pipe_{-1, -1};
  pid_t child_ = -1;
};

std::string password_of_command(const std::string& command, const std::string& variable, const Context& context) {
  const std::string origin = "the command in " + variable;
  ShellCommand child(command);
  const SecretText text = child.output(context);
  const int status = child.wait(context);
  context.check();
  if (WIFSIGNALED(status)) {
    const int killer = WTERMSIG(status);
    // A terminal sends Ctrl-C to the command, too, which may end before this process has noticed.
    if (killer == SIGINT || killer == SIGTERM || killer == SIGHUP) {
      throw Error(ErrorCode::cancelled, origin + " was interrupted");
    }
    throw Error(ErrorCode::invalid_argument, origin + " was killed by signal " + std::to_string(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) != 0) {
    throw Error(ErrorCode::invalid_argument, origin + " failed with status " + std::to_string(WEXITSTATUS(status)));
  }
  return checked(text, origin);
}

}  // namespace

std::optional<std::string> find_password(const PasswordOptions& options, const Context& context) {
  if (!options.file.empty()) return password_of_file(options.file);
  const std::string file_variable = options.variable + "_FILE";
  const std::string command_variable = options.variable + "_COMMAND";
  std::string password = environment(options.variable);
  const std::string file = environment(file_variable);
  const std::string command = environment(command_variable);
  std::vector<std::string> set;
  if (!password.empty()) set.push_back(options.variable);
  if (!file.empty()) set.push_back(file_variable);
  if (!command.empty()) set.push_back(command_variable);
  if (set.size() > 1) {
    wipe(password);
    throw Error(ErrorCode::invalid_argument, set[0] + " and " + set[1] + " are both set; which one holds is not clear")
        .hint("unset " + set[1]);
  }
  if (!password.empty()) return password;
  if (!file.empty()) return password_of_file(file);
  if (!command.empty()) return password_of_command(command, command_variable, context);
  return std::nullopt;
}

void wipe(std::string& secret) noexcept {
  wipe(std::as_writable_bytes(std::span(secret)));
  secret.clear();
}

}  // namespace dbsnap
