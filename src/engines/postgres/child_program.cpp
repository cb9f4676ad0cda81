#include "engines/postgres/child_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/posix_file.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap::postgres {
namespace {

constexpr int kPollMs = 100;
constexpr std::size_t kMostWords = 64 * 1024;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw posix_error(errno, "create", "a pipe");
    reading = ends[0];
    writing = ends[1];
  }
  ~Pipe() {
    if (reading >= 0) ::close(reading);
    if (writing >= 0) ::close(writing);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int reading = -1;
  int writing = -1;
};

struct SpawnSettings {
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

ChildProgram::ChildProgram(const std::vector<std::string>& argv, const Variables& environment, int end_signal)
    : name_(argv.at(0)), end_signal_(end_signal) {
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  Pipe out;
  Pipe err;
  SpawnSettings settings;
  posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&settings.actions, out.writing, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&settings.actions, err.writing, STDERR_FILENO);
  // The host may have blocked signals; the program must still be able to be ended. Its own group keeps a terminal's
  // interrupt from reaching it before us.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setpgroup(&settings.attributes, 0);
  posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  const int status = ::posix_spawn(&pid_, name_.c_str(), &settings.actions, &settings.attributes,
                                   pointers(arguments).data(), pointers(variables).data());
  if (status != 0) {
    pid_ = -1;
    throw posix_error(status, "start", name_);
  }
  out_ = std::exchange(out.reading, -1);
  err_ = std::exchange(err.reading, -1);
  ::fcntl(err_, F_SETFL, O_NONBLOCK);
  ::fcntl(out_, F_SETFL, O_NONBLOCK);
}

ChildProgram::~ChildProgram() {
  if (out_ >= 0) ::close(out_);
  if (err_ >= 0) ::close(err_);
  end();
}

void ChildProgram::end() noexcept {
  if (pid_ < 0) return;
  ::kill(pid_, end_signal_);
  for (int tries = 0; tries < 200; ++tries) {
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
      pid_ = -1;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void ChildProgram::take_words() {
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = ::read(err_, buffer.data(), buffer.size());
    if (count <= 0) return;
    const std::size_t room = kMostWords - std::min(words_.size(), kMostWords);
    words_.append(buffer.data(), std::min(static_cast<std::size_t>(count), room));
  }
}

std::size_t ChildProgram::read(MutableByteView out, const Context& context) {
  for (;;) {
    context.check();
    const ssize_t count = ::read(out_, out.data(), out.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EAGAIN && errno != EINTR) throw posix_error(errno, "read the output of", name_);
    take_words();
    pollfd both[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
    ::poll(both, 2, kPollMs);
  }
}

void ChildProgram::finish(const Context& context) {
  int status = 0;
  for (;;) {
    context.check();
    take_words();
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) break;
    if (ended < 0 && errno != EINTR) {
      // Somebody else in this process has taken its exit status.
      throw posix_error(errno, "wait for", name_);
    }
    pollfd error_output{err_, POLLIN, 0};
    ::poll(&error_output, 1, kPollMs / 10);
  }
  pid_ = -1;
  take_words();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const std::string how = WIFEXITED(status) ? "with exit code " + std::to_string(WEXITSTATUS(status))
                                            : "by signal " + std::to_string(WTERMSIG(status));
  const auto says = [&](std::string_view text) { return words_.find(text) != std::string::npos; };
  const bool locked = says("lock timeout") || says("statement timeout") || says("could not obtain lock");
  const bool lost = says("closed the connection") || says("terminating connection") ||
                    says("invalid snapshot identifier") || says("connection to server");
  const ErrorCode code = locked                      ? ErrorCode::locked
                         : lost                      ? ErrorCode::source_unreachable
                         : says("permission denied") ? ErrorCode::access_refused
                                                     : ErrorCode::io;
  throw Error(code, name_ + " ended " + how).retryable(locked || lost).why(one_line(words_)).with("program", name_);
}

}  // namespace dbsnap::postgres
