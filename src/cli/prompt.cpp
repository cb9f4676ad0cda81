// Reads answers from the terminal, with the echo switched off for passwords.
#include "cli/prompt.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "dbsnap/error.hpp"

namespace dbsnap::cli {
namespace {

constexpr std::size_t kUsualLine = 1024;  // a password of this length leaves no piece behind while it grows
constexpr int kLook_ms = 100;             // how often a waiting question looks at its stop token

/// The terminal's echo is off while this lives.
class HiddenInput {
 public:
  HiddenInput() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
  }
  ~HiddenInput() {
    if (!changed_) return;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::fputc('\n', stderr);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

std::string read_line(const std::stop_token& stop) {
  std::string line;
  line.reserve(kUsualLine);
  for (;;) {
    if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "the question was not answered");
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (poll(&input, 1, kLook_ms) <= 0) continue;
    char c = 0;
    if (::read(STDIN_FILENO, &c, 1) != 1) {
      throw Error(ErrorCode::invalid_argument, "standard input ended before the question was answered");
    }
    if (c == '\n') return line;
    line += c;
  }
}

}  // namespace

std::string ask(const std::string& question, bool hidden, const std::stop_token& stop) {
  // Before the question: nobody answers, and nothing is shown, before the echo is off.
  std::optional<HiddenInput> input;
  if (hidden) input.emplace();
  std::fputs(question.c_str(), stderr);
  std::fflush(stderr);
  return read_line(stop);
}

bool confirmed(const std::string& question, const std::stop_token& stop) {
  const std::string answer = ask(question, false, stop);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace dbsnap::cli
