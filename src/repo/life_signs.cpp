#include "repo/life_signs.hpp"

#include "base/pause.hpp"
#include "dbsnap/error.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {

LifeSigns::LifeSigns(const RepositoryState& state, const SessionId& session, std::chrono::nanoseconds interval,
                     const Context& context)
    : state_(state), session_(session), interval_(interval), clock_(context.clock), thread_([this](const auto& stop) {
        run(stop);
      }) {}

LifeSigns::~LifeSigns() { stop(); }

std::string LifeSigns::stop() {
  if (!thread_.joinable()) return failure_;
  thread_.request_stop();
  thread_.join();
  // The caller's context may be cancelled already; what the session put goes all the same.
  Context context;
  context.clock = clock_;
  try {
    remove_last(context);
  } catch (const Error& failure) {
    failure_ = failure.message();
  }
  return failure_;
}

void LifeSigns::run(const std::stop_token& stop) {
  Context context;
  context.stop = stop;
  context.clock = clock_;
  while (!stop.stop_requested()) {
    try {
      pause(context, interval_);
      show(context);
      failure_.clear();
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::cancelled) return;
      failure_ = failure.message();
    } catch (const std::exception& failure) {
      failure_ = failure.what();
    }
  }
}

void LifeSigns::show(const Context& context) {
  put_object(state_, ObjectType::alive, alive_key(session_, signs_ + 1), "{}", context);
  // Counted before the one before it goes: a store that refuses that must not keep the next sign from appearing.
  const std::uint64_t before = signs_++;
  if (before > 0) state_.sink->remove(alive_key(session_, before), context);
}

void LifeSigns::remove_last(const Context& context) {
  if (signs_ > 0) state_.sink->remove(alive_key(session_, signs_), context);
}

}  // namespace dbsnap
