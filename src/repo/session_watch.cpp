#include "repo/session_watch.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/pause.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

using Duration = std::chrono::nanoseconds;

constexpr Duration kShortestPause = std::chrono::milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(5);

/// A session that is waited for.
struct Watched {
  SessionRecord session;
  std::set<std::string> signs;  ///< of life, at the last look
  MonotonicTime last_sign;
};

class SessionWatch {
 public:
  SessionWatch(const RepositoryState& state, const WatchOptions& options, const Context& context)
      : state_(state), options_(options), context_(context) {}

  std::vector<SessionId> run(const std::vector<SessionRecord>& sessions) {
    for (const SessionRecord& session : sessions) {
      watched_.push_back({session, signs_of(session.id), context_.clock->monotonic()});
    }
    Duration length = kShortestPause;
    while (true) {
      std::erase_if(watched_, [&](Watched& watched) { return is_settled(watched); });
      if (watched_.empty()) return std::move(fenced_);
      say_once();
      pause(context_, std::min(length, options_.patience));
      length = std::min(2 * length, kLongestPause);
    }
  }

 private:
  bool is_settled(Watched& watched) {
    const SessionRecord& session = watched.session;
    if (outcome_of(state_, session.manifest, context_) != Outcome::none) return true;
    if (has_tombstone(state_, session.id, context_)) return true;
    auto signs = signs_of(session.id);
    const MonotonicTime now = context_.clock->monotonic();
    if (signs != watched.signs) {
      watched.signs = std::move(signs);
      watched.last_sign = now;
      return !options_.until_over;
    }
    if (now - watched.last_sign < options_.patience) return false;
    give_up_on(session);
    return true;
  }

  void give_up_on(const SessionRecord& session) {
    if (!options_.may_fence) {
      throw still_running(session,
                          "it shows no sign of life, and this store cannot keep a session from committing late",
                          "dbsnap prune --exclusive once nothing else runs");
    }
    if (fence(state_, session.manifest, context_)) fenced_.push_back(session.id);
  }

  std::set<std::string> signs_of(const SessionId& id) const {
    std::set<std::string> keys;
    state_.sink->list(
        alive_prefix(id),
        [&](const ObjectInfo& object) {
          keys.insert(object.key);
          return true;
        },
        context_);
    return keys;
  }

  void say_once() {
    if (said_ || !context_.log) return;
    said_ = true;
    const SessionRecord& first = watched_.front().session;
    context_.log(LogLevel::info, "waiting for the snapshot of " + first.source + " by host " + first.host +
                                     (watched_.size() > 1 ? " and others to finish" : " to finish"));
  }

  const RepositoryState& state_;
  const WatchOptions options_;
  const Context& context_;
  std::vector<Watched> watched_;
  std::vector<SessionId> fenced_;
  bool said_ = false;
};

}  // namespace

std::vector<SessionId> watch_sessions(const RepositoryState& state, const std::vector<SessionRecord>& sessions,
                                      const WatchOptions& options, const Context& context) {
  return SessionWatch(state, options, context).run(sessions);
}

Error still_running(const SessionRecord& session, std::string why, std::string hint) {
  return Error(ErrorCode::locked, "a snapshot of " + session.source + " by host " + session.host + " has not finished")
      .why(std::move(why))
      .hint(std::move(hint))
      .retryable()
      .with("session", to_text(session.id));
}

}  // namespace dbsnap
