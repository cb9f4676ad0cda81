// What is made again and what is not, how long is waited, and how many calls a store gets at once.
#include <doctest/doctest.h>

#include <algorithm>
#include <barrier>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "dbsnap/error.hpp"
#include "dbsnap/sinks/memory.hpp"
#include "dbsnap/sinks/wrap.hpp"
#include "format/byte_io.hpp"
#include "harness/fault_sink.hpp"
#include "harness/running_clock.hpp"

namespace dbsnap::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Options under which nothing is waited for.
RetryOptions at_once(unsigned attempts = 3) {
  return {.attempts = attempts, .first_attempts = attempts, .random = [] { return 0.0; }};
}

struct Subject {
  explicit Subject(RetryOptions options = at_once()) : sink(make_retry_sink(faults, std::move(options))) {
    faults->put("there", as_byte_view("bytes"), {}, {});
    faults->heal();
  }

  std::shared_ptr<FaultSink> faults = std::make_shared<FaultSink>(make_memory_sink());
  std::shared_ptr<Sink> sink;
};

template <typename Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  return Error(ErrorCode::internal, "");
}

std::vector<std::string> keys_of(Sink& sink, const std::string& prefix = {}) {
  std::vector<std::string> keys;
  const auto note = [&](const ObjectInfo& object) {
    keys.push_back(object.key);
    return true;
  };
  sink.list(prefix, note, {});
  return keys;
}

std::string fact_of(const Error& error, const std::string& name) {
  for (const auto& [key, value] : error.context()) {
    if (key == name) return value;
  }
  return {};
}

TEST_CASE("retry: every kind of call is made again when it may succeed later") {
  Subject subject;
  const std::vector<std::function<void()>> calls = {
      [&] { CHECK(subject.sink->put("new", as_byte_view("more"), {}, {}) == PutResult::stored); },
      [&] { CHECK(as_text(subject.sink->get("there", {}, {})) == "bytes"); },
      [&] { CHECK(subject.sink->stat("there", {}).has_value()); },
      [&] { CHECK(keys_of(*subject.sink).size() == 2); },
      [&] { subject.sink->remove("there", {}); },
  };
  for (const auto& call : calls) {
    subject.faults->heal();
    subject.faults->inject({.code = ErrorCode::storage_unreachable});
    call();
    CHECK(subject.faults->calls() == 2);
  }
  CHECK_FALSE(subject.sink->stat("there", {}).has_value());
}

TEST_CASE("retry: a failure that will not go away is thrown at once, as it is") {
  Subject subject;
  subject.faults->inject({.code = ErrorCode::access_refused});
  const Error error = error_of([&] { subject.sink->get("there", {}, {}); });
  CHECK(error.code() == ErrorCode::access_refused);
  CHECK(fact_of(error, "attempts").empty());
  CHECK(subject.faults->calls() == 1);
}

TEST_CASE("retry: a call is made no more often than was asked for, and the failure says how often") {
  Subject subject(at_once(4));
  subject.faults->inject({.every_later = true, .code = ErrorCode::storage_unreachable});
  const Error error = error_of([&] { subject.sink->get("there", {}, {}); });
  CHECK(error.code() == ErrorCode::storage_unreachable);
  CHECK(error.retryable());
  CHECK(fact_of(error, "attempts") == "4");
  CHECK(subject.faults->calls() == 4);
}

TEST_CASE("retry: a store that has never answered is given up sooner than one that has") {
  Subject subject({.attempts = 5, .first_attempts = 2, .random = [] { return 0.0; }});
  subject.faults->inject({.every_later = true, .code = ErrorCode::storage_unreachable});
  CHECK(fact_of(error_of([&] { subject.sink->stat("there", {}); }), "attempts") == "2");
  subject.faults->heal();
  CHECK(subject.sink->stat("there", {}).has_value());
  subject.faults->inject({.every_later = true, .code = ErrorCode::storage_unreachable});
  CHECK(fact_of(error_of([&] { subject.sink->stat("there", {}); }), "attempts") == "5");
}

TEST_CASE("retry: a put that is to be sent once is not sent again when its answer was lost") {
  Subject subject;
  subject.faults->inject({.after_effect = true, .code = ErrorCode::storage_unreachable});
  const Error error = error_of([&] { subject.sink->put("pack", as_byte_view("p"), {.once = true}, {}); });
  CHECK(error.retryable());
  CHECK_FALSE(error.had_no_effect());
  CHECK(subject.faults->calls() == 1);
}

TEST_CASE("retry: a put that is to be sent once is sent again when the failure had no effect") {
  Subject subject;
  subject.faults->inject({.had_no_effect = true, .code = ErrorCode::storage_unreachable});
  CHECK(subject.sink->put("pack", as_byte_view("p"), {.if_absent = true, .once = true}, {}) == PutResult::stored);
  CHECK(subject.faults->calls() == 2);
}

TEST_CASE("retry: a put with if-absent whose answer was lost meets its own object") {
  Subject subject;
  subject.faults->inject({.after_effect = true, .code = ErrorCode::storage_unreachable});
  CHECK(subject.sink->put("new", as_byte_view("own"), {.if_absent = true}, {}) == PutResult::already_exists);
  CHECK(as_text(subject.sink->get("new", {}, {})) == "own");
}

TEST_CASE("retry: a failure had no effect only when no attempt had one") {
  Subject subject(at_once(2));
  subject.faults->inject({.after_effect = true, .code = ErrorCode::storage_unreachable});
  subject.faults->inject({.after = 1, .had_no_effect = true, .code = ErrorCode::access_refused});
  const auto put = [&] { subject.sink->put("new", as_byte_view("n"), {}, {}); };
  const Error lost = error_of(put);
  CHECK(lost.code() == ErrorCode::access_refused);
  CHECK_FALSE(lost.had_no_effect());
  subject.faults->heal();
  subject.faults->inject({.every_later = true, .had_no_effect = true, .code = ErrorCode::storage_unreachable});
  const Error refused = error_of(put);
  CHECK(refused.had_no_effect());
}

TEST_CASE("retry: a listing that broke off shows every object once") {
  Subject subject;
  for (int i = 0; i < 20; ++i) subject.faults->put("many/" + std::to_string(i), {}, {}, {});
  subject.faults->inject({.call = SinkCall::list, .after_effect = true, .code = ErrorCode::storage_unreachable});
  auto keys = keys_of(*subject.sink, "many/");
  CHECK(keys.size() == 20);
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 20);
  CHECK(subject.faults->calls(SinkCall::list) == 2);
}

TEST_CASE("retry: what a listing's visitor throws reaches the caller, and nothing is listed again") {
  Subject subject;
  const auto refuse = [](const ObjectInfo&) -> bool {
    throw Error(ErrorCode::storage_unreachable, "the visitor's own").retryable();
  };
  CHECK(error_of([&] { subject.sink->list({}, refuse, {}); }).message() == "the visitor's own");
  CHECK(subject.faults->calls() == 1);
}

TEST_CASE("retry: a pause ends at once when the caller cancels") {
  Subject subject(
      {.first_pause = hours(1), .longest_pause = hours(1), .longest_call = hours(9), .random = [] { return 0.9; }});
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  context.log = [&](LogLevel, std::string_view) { stop.request_stop(); };
  subject.faults->inject({.code = ErrorCode::storage_unreachable});
  CHECK(error_of([&] { subject.sink->stat("there", context); }).code() == ErrorCode::cancelled);
}

TEST_CASE("retry: a pause that would last beyond the deadline is not begun, and the failure is told") {
  Subject subject(
      {.first_pause = hours(1), .longest_pause = hours(1), .longest_call = hours(9), .random = [] { return 0.9; }});
  Context context;
  context.deadline = context.clock->monotonic() + std::chrono::minutes(30);
  subject.faults->inject({.code = ErrorCode::storage_unreachable});
  const Error error = error_of([&] { subject.sink->stat("there", context); });
  CHECK(error.code() == ErrorCode::deadline_exceeded);
  CHECK(error.why() == "injected failure of stat there");
}

TEST_CASE("retry: a deadline that the sink itself met is not waited past") {
  Subject subject;
  subject.faults->inject({.every_later = true, .code = ErrorCode::deadline_exceeded});
  CHECK(error_of([&] { subject.sink->stat("there", {}); }).code() == ErrorCode::deadline_exceeded);
  CHECK(subject.faults->calls() == 1);
}

TEST_CASE("retry: as long is waited as the store asks for") {
  const RunningClock clock(seconds(5));
  Context context;
  context.clock = &clock;
  Subject subject;
  subject.faults->inject({.fact = "retry_after_s=30", .code = ErrorCode::storage_unreachable});
  CHECK(subject.sink->stat("there", context).has_value());
  CHECK(clock.elapsed_ms() >= 30'000);
}

TEST_CASE("retry: a store that asks for more time than a call may take is not waited for") {
  Subject subject;
  subject.faults->inject({.fact = "retry_after_s=3600", .code = ErrorCode::storage_unreachable});
  CHECK(error_of([&] { subject.sink->stat("there", {}); }).code() == ErrorCode::storage_unreachable);
  CHECK(subject.faults->calls() == 1);
}

TEST_CASE("retry: pauses grow from failure to failure and stay below the longest") {
  const RunningClock clock(seconds(3));
  Context context;
  context.clock = &clock;
  std::vector<std::string> said;
  context.log = [&](LogLevel, std::string_view text) { said.emplace_back(text); };
  RetryOptions options = at_once(6);
  options.first_pause = seconds(2);
  options.longest_pause = seconds(10);
  options.random = [] { return 0.5; };
  Subject subject(options);
  subject.faults->inject({.every_later = true, .code = ErrorCode::storage_unreachable});
  error_of([&] { subject.sink->get("there", {}, context); });
  const std::vector<std::string> pauses = {"1.0", "2.0", "4.0", "5.0", "5.0"};
  REQUIRE(said.size() == pauses.size());
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    CHECK(said[i] == "get of there failed and is tried again in " + pauses[i] + " s: injected failure of get there");
  }
}

/// Refuses the first calls, which it keeps until as many are under way, and notes how many there are at once later.
class BusySink final : public Sink {
 public:
  explicit BusySink(int callers) : arrived_(callers), refusals_(callers) {}

  Bytes get(std::string_view, const ByteRange&, const Context&) override {
    const std::unique_lock lock(mutex_);
    return {};
  }
  std::optional<ObjectInfo> stat(std::string_view, const Context&) override {
    bool refuse = false;
    {
      const std::scoped_lock lock(mutex_);
      refuse = refusals_ > 0;
      if (refuse) {
        --refusals_;
      } else {
        most_ = std::max(most_, ++running_);
      }
    }
    if (refuse) {
      arrived_.arrive_and_wait();
      throw Error(ErrorCode::storage_unreachable, "slow down").retryable().with("slow_down", "");
    }
    std::this_thread::sleep_for(milliseconds(2));
    const std::scoped_lock lock(mutex_);
    --running_;
    return std::nullopt;
  }
  PutResult put(std::string_view, ByteView, const PutOptions&, const Context&) override { return PutResult::stored; }
  void list(std::string_view, const std::function<bool(const ObjectInfo&)>&, const Context&) override {}
  void remove(std::string_view, const Context&) override {}
  [[nodiscard]] SinkCapabilities capabilities() const override { return {}; }
  [[nodiscard]] std::string url() const override { return "busy:"; }

  [[nodiscard]] int most_at_once() const { return most_; }

 private:
  std::barrier<> arrived_;
  std::mutex mutex_;
  int refusals_;
  int running_ = 0;
  int most_ = 0;
};

TEST_CASE("retry: a store that asks to slow down gets half as many calls at once") {
  constexpr int kCallers = 6;
  const auto busy = std::make_shared<BusySink>(kCallers);
  const auto sink = make_retry_sink(busy, at_once());
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < kCallers; ++i) callers.emplace_back([&] { sink->stat("there", {}); });
  }
  CHECK(busy->most_at_once() >= 1);
  CHECK(busy->most_at_once() <= kCallers / 2);
}

TEST_CASE("retry: what the inner sink says of itself is passed on") {
  Subject subject;
  subject.faults->declare({.if_absent = false, .list_after_write = false, .cheap_reads = true, .parallel = 7});
  CHECK(subject.sink->capabilities().parallel == 7);
  CHECK_FALSE(subject.sink->capabilities().if_absent);
  CHECK(subject.sink->url() == "memory:");
}

}  // namespace
}  // namespace dbsnap::testing
