// One thread waits for the signals that all others have blocked.
#include "cli/interrupts.hpp"

#include <pthread.h>
#include <unistd.h>

namespace dbsnap::cli {
namespace {

constexpr int kWakeUp = SIGUSR2;  // sent by the destructor to end the waiter

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Interrupts::Interrupts() {
  sigemptyset(&waited_);
  sigaddset(&waited_, kWakeUp);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(signal)) sigaddset(&waited_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &waited_, &before_);
  waiter_ = std::thread([this] { wait_for_signals(); });
}

Interrupts::~Interrupts() {
  pthread_kill(waiter_.native_handle(), kWakeUp);
  waiter_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int Interrupts::exit_code() const noexcept {
  const int signal = received_.load();
  return 128 + (signal == 0 ? SIGINT : signal);
}

void Interrupts::wait_for_signals() {
  for (int signal = 0; sigwait(&waited_, &signal) == 0 && signal != kWakeUp;) {
    int none = 0;
    if (!received_.compare_exchange_strong(none, signal)) _exit(128 + signal);
    stop_.request_stop();
  }
}

}  // namespace dbsnap::cli
