// Limits, counts and refusals around a sink, and what a URL asks of them.
#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "dbsnap/error.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/sinks/memory.hpp"
#include "dbsnap/sinks/wrap.hpp"
#include "dbsnap/size.hpp"
#include "format/byte_io.hpp"
#include "harness/error_code.hpp"
#include "harness/fault_sink.hpp"
#include "harness/running_clock.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::int64_t kStepMs = 100;

struct Timed {
  Timed() { context.clock = &clock; }
  RunningClock clock{std::chrono::milliseconds(kStepMs)};
  Context context;
};

void list_all(Sink& sink) {
  sink.list({}, [](const ObjectInfo&) { return true; }, {});
}

TEST_CASE("limit: puts take as long as their bytes may") {
  const Timed time;
  const auto sink = make_limit_sink(make_memory_sink(), {.upload = 10'000});
  sink->put("large", Bytes(10'000), {}, time.context);
  CHECK(time.clock.elapsed_ms() >= 1'000 - 250);
  CHECK(time.clock.elapsed_ms() <= 1'000 + 4 * 5 * kStepMs);
}

TEST_CASE("limit: gets take as long as the bytes that were read") {
  const Timed time;
  const auto store = make_memory_sink();
  store->put("large", Bytes(12'000), {}, {});
  const auto sink = make_limit_sink(store, {.download = 10'000});
  CHECK(sink->get("large", {.offset = 2'000}, time.context).size() == 10'000);
  CHECK(time.clock.elapsed_ms() >= 1'000 - 250);
  CHECK(time.clock.elapsed_ms() <= 1'000 + 4 * 5 * kStepMs);
}

TEST_CASE("limit: one direction does not slow the other") {
  const Timed time;
  const auto sink = make_limit_sink(make_memory_sink(), {.upload = 1});
  sink->put("empty", {}, {}, time.context);
  CHECK(sink->get("empty", {}, time.context).empty());
  CHECK(sink->stat("empty", time.context).has_value());
  CHECK(time.clock.elapsed_ms() == 0);
}

TEST_CASE("limit: all callers together keep to it") {
  const Timed time;
  const auto sink = make_limit_sink(make_memory_sink(), {.upload = 10'000});
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&, i] { sink->put("object/" + std::to_string(i), Bytes(2'500), {}, time.context); });
    }
  }
  CHECK(time.clock.elapsed_ms() >= 1'000 - 250);
}

TEST_CASE("limit: a put that waits for its turn ends when the caller cancels, and stores nothing") {
  const auto store = make_memory_sink();
  const auto sink = make_limit_sink(store, {.upload = 1});
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  const std::jthread canceller([&] { stop.request_stop(); });
  CHECK(code_of([&] { sink->put("large", Bytes(1'000'000), {}, context); }) == ErrorCode::cancelled);
  CHECK_FALSE(store->stat("large", {}).has_value());
}

TEST_CASE("limit: nothing is wrapped when there is nothing to limit") {
  const auto store = make_memory_sink();
  CHECK(make_limit_sink(store, {}) == store);
}

TEST_CASE("count: every call is counted, and the bytes of those that succeed") {
  const auto faults = std::make_shared<FaultSink>(make_memory_sink());
  const auto counter = std::make_shared<SinkCounter>();
  const auto sink = make_count_sink(faults, counter);
  sink->put("a", Bytes(100), {}, {});
  sink->put("a", Bytes(30), {.if_absent = true}, {});
  sink->get("a", {.offset = 10, .length = 20}, {});
  sink->stat("a", {});
  list_all(*sink);
  sink->remove("a", {});
  CHECK(code_of([&] { sink->get("a", {}, {}); }) == ErrorCode::not_found);
  const SinkCounts counts = counter->counts();
  CHECK(counts.puts == 2);
  CHECK(counts.gets == 2);
  CHECK(counts.stats == 1);
  CHECK(counts.lists == 1);
  CHECK(counts.removes == 1);
  CHECK(counts.requests() == 7);
  CHECK(counts.bytes_up == 100);
  CHECK(counts.bytes_down == 20);
}

TEST_CASE("count: threads lose no count") {
  const auto counter = std::make_shared<SinkCounter>();
  const auto sink = make_count_sink(make_memory_sink(), counter);
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&] {
        for (int n = 0; n < 500; ++n) sink->stat("a", {});
      });
    }
  }
  CHECK(counter->counts().stats == 2'000);
}

TEST_CASE("read-only: everything can be read and nothing changed") {
  const auto store = make_memory_sink();
  store->put("a", as_byte_view("bytes"), {}, {});
  const auto sink = make_read_only_sink(store);
  CHECK(as_text(sink->get("a", {}, {})) == "bytes");
  CHECK(sink->stat("a", {}).has_value());
  CHECK(code_of([&] { sink->put("b", {}, {}, {}); }) == ErrorCode::access_refused);
  CHECK(code_of([&] { sink->remove("a", {}); }) == ErrorCode::access_refused);
  CHECK(store->stat("a", {}).has_value());
  CHECK_FALSE(store->stat("b", {}).has_value());
}

TEST_CASE("wrappers need something to wrap") {
  CHECK(code_of([] { make_retry_sink(nullptr); }) == ErrorCode::invalid_argument);
  CHECK(code_of([] { make_limit_sink(nullptr, {}); }) == ErrorCode::invalid_argument);
  CHECK(code_of([] { make_count_sink(nullptr, std::make_shared<SinkCounter>()); }) == ErrorCode::invalid_argument);
  CHECK(code_of([] { make_count_sink(make_memory_sink(), nullptr); }) == ErrorCode::invalid_argument);
  CHECK(code_of([] { make_read_only_sink(nullptr); }) == ErrorCode::invalid_argument);
}

TEST_CASE("a repository's URL limits its traffic") {
  const Timed time;
  const auto sink = open_sink("memory:?upload_limit=10KiB&download_limit=20K/s");
  sink->put("a", Bytes(20'480), {}, time.context);
  CHECK(time.clock.elapsed_ms() >= 2'000 - 250);
  const auto after_put = time.clock.elapsed_ms();
  sink->get("a", {}, time.context);
  CHECK(time.clock.elapsed_ms() >= after_put + 1'000 - 250);
  CHECK(sink->url() == "memory:");
}

TEST_CASE("a limit that was asked for takes the place of the URL's") {
  const Timed time;
  const auto sink = open_sink("memory:?upload_limit=1", {.upload = 10'000});
  sink->put("a", Bytes(10'000), {}, time.context);
  CHECK(time.clock.elapsed_ms() >= 1'000 - 250);
  CHECK(time.clock.elapsed_ms() <= 1'000 + 4 * 5 * kStepMs);
}

TEST_CASE("a limit that is no size is refused by its name") {
  try {
    open_sink("memory:?upload_limit=fast");
    FAIL("was opened");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid_argument);
    CHECK(error.message() == "the parameter upload_limit cannot be \"fast\"");
  }
}

TEST_CASE("sizes are powers of 1024, whatever they are called") {
  CHECK(parse_size("500", "x") == 500);
  CHECK(parse_size("64K", "x") == 65'536);
  CHECK(parse_size("64kB", "x") == 65'536);
  CHECK(parse_size("1.5GiB", "x") == 1'610'612'736);
  CHECK(parse_size("10MiB/s", "x") == 10'485'760);
  for (const char* text : {"", "K", "-1", "1X", "1KK", "1e30T", "nan", "1 K\n"}) {
    CAPTURE(text);
    CHECK(code_of([&] { (void)parse_size(text, "x"); }) == ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace dbsnap::testing
