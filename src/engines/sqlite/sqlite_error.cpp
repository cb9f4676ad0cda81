#include "engines/sqlite/sqlite_error.hpp"

#include <algorithm>
#include <thread>

namespace dbsnap::sqlite {
namespace {

constexpr int kPrimaryMask = 0xff;

Error classify(int code, const std::string& action, const std::string& path) {
  switch (code & kPrimaryMask) {
    case SQLITE_NOTADB:
      return Error(ErrorCode::not_a_database, path + " is not an SQLite database, or it is encrypted")
          .hint("file '" + path + "'");
    case SQLITE_CORRUPT:
      return Error(ErrorCode::damaged, path + " is damaged").hint("sqlite3 '" + path + "' 'PRAGMA integrity_check'");
    case SQLITE_CANTOPEN:
      return Error(ErrorCode::source_unreachable, "cannot open " + path).hint("ls -l '" + path + "'");
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return Error(ErrorCode::access_refused, "no permission to " + action + " " + path).hint("ls -l '" + path + "'");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Error(ErrorCode::locked, path + " is locked by another connection")
          .retryable()
          .hint("fuser -v '" + path + "'");
    case SQLITE_FULL:
      return Error(ErrorCode::no_space, "cannot " + action + " " + path + ": the disk is full").hint("df -h");
    case SQLITE_IOERR:
      return Error(ErrorCode::io, "cannot " + action + " " + path);
    case SQLITE_MISUSE:
      return Error(ErrorCode::invalid_argument, "cannot " + action + " " + path);
    default:
      return Error(ErrorCode::internal, "cannot " + action + " " + path);
  }
}

}  // namespace

Error sqlite_error(int code, const std::string& action, const std::string& path, const std::string& words) {
  return classify(code, action, path).why(words).native_code(code).with("path", path);
}

bool is_busy(int code) noexcept {
  const int primary = code & kPrimaryMask;
  return primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_PROTOCOL;
}

int retry_while_busy(std::chrono::milliseconds timeout, const Context& context, const std::function<int()>& attempt) {
  using std::chrono::microseconds;
  // Short pauses on purpose: a writer that commits without pause leaves the lock free for moments only.
  constexpr microseconds kFirstPause{100};
  constexpr microseconds kLongestPause{5000};
  const MonotonicTime give_up = context.clock->monotonic() + timeout;
  microseconds pause = kFirstPause;
  for (;;) {
    context.check();
    const int code = attempt();
    if (!is_busy(code) || context.clock->monotonic() >= give_up) return code;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace dbsnap::sqlite
