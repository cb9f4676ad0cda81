// A sink that makes failed calls again: the only place of dbsnap that does.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "base/pause.hpp"
#include "base/random.hpp"
#include "dbsnap/sinks/wrap.hpp"
#include "sinks/wrap/forwarding_sink.hpp"
#include "sinks/wrap/throttle.hpp"

namespace dbsnap {
namespace {

using Duration = std::chrono::nanoseconds;

double system_random() {
  std::uint32_t number = 0;
  fill_random(std::as_writable_bytes(std::span(&number, 1)));
  return number / (std::numeric_limits<std::uint32_t>::max() + 1.0);
}

std::optional<std::string> fact(const Error& failure, std::string_view name) {
  const auto found = std::ranges::find(failure.context(), name, &std::pair<std::string, std::string>::first);
  return found == failure.context().end() ? std::nullopt : std::optional(found->second);
}

/// What the store asked to be waited for; none when it did not, or said it in no number.
Duration asked_pause(const Error& failure) {
  constexpr double kLongestSeconds = 24 * 3600;
  const std::string text = fact(failure, "retry_after_s").value_or("");
  double seconds = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (fault != std::errc{} || !(seconds > 0)) return Duration::zero();
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(seconds, kLongestSeconds)));
}

/// The caller's context has ended the call, not the store.
bool is_callers_own(const Error& failure) {
  return failure.code() == ErrorCode::cancelled || failure.code() == ErrorCode::deadline_exceeded;
}

/// One call and what is known of its attempts.
struct Attempts {
  std::string_view what;
  std::string_view key;
  const Context& context;
  bool once = false;  ///< must not reach the store twice
  MonotonicTime begun{};
  unsigned made = 0;
  bool may_have_acted = false;  ///< an attempt that failed may have had its effect
};

/// The failure as the caller of all attempts has to see it.
Error last_failure(const Error& failure, const Attempts& call) {
  Error last = Error(failure).had_no_effect(!call.may_have_acted);
  return call.made > 1 ? Error(last).with("attempts", std::to_string(call.made)) : last;
}

class RetrySink final : public ForwardingSink {
 public:
  RetrySink(std::shared_ptr<Sink> inner, RetryOptions options)
      : ForwardingSink(std::move(inner)), options_(std::move(options)) {
    if (!options_.random) options_.random = system_random;
  }

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    PutResult result{};
    run({.what = "put", .key = key, .context = context, .once = options.once},
        [&] { result = inner().put(key, bytes, options, context); });
    return result;
  }
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    Bytes bytes;
    run({.what = "get", .key = key, .context = context}, [&] { bytes = inner().get(key, range, context); });
    return bytes;
  }
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override {
    std::optional<ObjectInfo> info;
    run({.what = "look-up", .key = key, .context = context}, [&] { info = inner().stat(key, context); });
    return info;
  }
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override {
    std::vector<ObjectInfo> objects;
    const auto gather = [&](const ObjectInfo& object) {
      objects.push_back(object);
      return true;
    };
    run({.what = "listing", .key = prefix, .context = context}, [&] {
      objects.clear();
      inner().list(prefix, gather, context);
    });
    for (const ObjectInfo& object : objects) {
      context.check();
      if (!visitor(object)) return;
    }
  }
  void remove(std::string_view key, const Context& context) override {
    run({.what = "removal", .key = key, .context = context}, [&] { inner().remove(key, context); });
  }
  void remove_all(std::span<const std::string> keys, const Context& context) override {
    if (keys.empty()) return;
    run({.what = "removal", .key = keys.front(), .context = context}, [&] { inner().remove_all(keys, context); });
  }

 private:
  void run(Attempts call, const std::function<void()>& work) {
    call.begun = call.context.clock->monotonic();
    while (const auto pause_length = attempt(call, work)) pause(call.context, *pause_length);
  }

  // How long to wait before the next attempt; nothing when this one has succeeded.
  std::optional<Duration> attempt(Attempts& call, const std::function<void()>& work) {
    ++call.made;
    Throttle::Pass pass(throttle_, call.context);
    try {
      work();
    } catch (const Error& failure) {
      if (is_callers_own(failure)) throw;
      if (fact(failure, "slow_down")) pass.slow_down();
      if (!failure.retryable()) answered_ = true;
      call.may_have_acted = call.may_have_acted || !failure.had_no_effect();
      return next_pause(failure, call);
    }
    answered_ = true;
    pass.succeeded();
    return std::nullopt;
  }

  // Throws the failure when the call is not to be made again.
  Duration next_pause(const Error& failure, const Attempts& call) {
    if (!failure.retryable() || (call.once && call.may_have_acted)) throw last_failure(failure, call);
    if (call.made >= (answered_ ? options_.attempts : options_.first_attempts)) throw last_failure(failure, call);
    const Duration length = std::max(random_pause(call.made), asked_pause(failure));
    const MonotonicTime next = call.context.clock->monotonic() + length;
    if (next - call.begun > options_.longest_call) throw last_failure(failure, call);
    if (call.context.deadline && next >= *call.context.deadline) {
      throw Error(ErrorCode::deadline_exceeded, "the operation cannot finish before its deadline")
          .why(failure.message())
          .retryable()
          .had_no_effect(!call.may_have_acted);
    }
    say(failure, call, length);
    return length;
  }

  // All of the range is equally likely, so that many that failed together do not come back together.
  [[nodiscard]] Duration random_pause(unsigned made) const {
    const double range = std::min(static_cast<double>(options_.first_pause.count()) * std::exp2(made - 1),
                                  static_cast<double>(options_.longest_pause.count()));
    return Duration(static_cast<Duration::rep>(range * options_.random()));
  }

  void say(const Error& failure, const Attempts& call, Duration length) {
    if (!call.context.log) return;
    const std::scoped_lock lock(log_mutex_);
    call.context.log(LogLevel::info, fmt::format("{} of {} failed and is tried again in {:.1f} s: {}", call.what,
                                                 call.key.empty() ? "all objects" : call.key,
                                                 std::chrono::duration<double>(length).count(), failure.message()));
  }

  RetryOptions options_;
  Throttle throttle_;
  std::atomic<bool> answered_{false};
  std::mutex log_mutex_;  // one thread at a time may log
};

}  // namespace

std::shared_ptr<Sink> make_retry_sink(std::shared_ptr<Sink> inner, RetryOptions options) {
  return std::make_shared<RetrySink>(std::move(inner), std::move(options));
}

}  // namespace dbsnap
