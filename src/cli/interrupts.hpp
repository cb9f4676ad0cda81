// Interrupts: Ctrl-C and SIGTERM as a stop token; the second one ends the program at once.
#pragma once

#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace dbsnap::cli {

/// While it lives, SIGINT, SIGTERM and SIGHUP ask the running operation to stop instead of ending
/// the process; a second one ends it. Make it before any other thread starts: threads made
/// afterwards leave the signals to it. A signal that was ignored when the program started (nohup)
/// stays ignored.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }
  /// 128 + the signal that came, or 130 when none did.
  [[nodiscard]] int exit_code() const noexcept;

 private:
  void wait_for_signals();

  sigset_t waited_{};
  sigset_t before_{};
  std::stop_source stop_;
  std::atomic<int> received_ = 0;
  std::thread waiter_;
};

}  // namespace dbsnap::cli
