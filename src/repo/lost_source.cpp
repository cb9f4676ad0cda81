#include "repo/lost_source.hpp"

#include "base/pause.hpp"
#include "repo/session_commit.hpp"

namespace dbsnap {
namespace {

// A server that takes over needs seconds; asking it more often does not make it quicker.
constexpr std::chrono::milliseconds kBetweenTries{500};

bool may_come_back(const Error& failure) {
  return failure.code() == ErrorCode::source_unreachable && failure.retryable();
}

}  // namespace

std::unique_ptr<Session> LostSource::begin(const SnapshotRequest& request, const Context& context) {
  for (;;) {
    try {
      auto session = begin_(request, context);
      begun_ = true;
      give_up_at_.reset();
      return session;
    } catch (const Error& failure) {
      if (!may_come_back(failure) || !give_up_at_) throw;
      if (context_.clock->monotonic() + kBetweenTries >= *give_up_at_) throw;
    }
    pause(context, kBetweenTries);
  }
}

bool LostSource::outlives(const Error& failure) {
  if (!begun_ || patience_.count() == 0 || !may_come_back(failure)) return false;
  begun_ = false;
  give_up_at_ = context_.clock->monotonic() + patience_;
  log_quietly(context_, LogLevel::warning,
              "the source was lost and is read once more as soon as it is back: " + failure.message());
  return true;
}

}  // namespace dbsnap
