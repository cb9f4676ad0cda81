// Cancellation, deadline, progress, limits and bounds of running operations.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "harness/random_data.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

struct Seen {
  std::map<Phase, std::size_t> phases;
  std::vector<Progress> readings;
  std::atomic<int> inside{0};
  bool overlapped = false;
};

Context watched(const Store& store, Seen& seen) {
  Context context = store.context();
  context.on_progress = [&seen](const Progress& progress) {
    if (++seen.inside > 1) seen.overlapped = true;
    ++seen.phases[progress.phase];
    seen.readings.push_back(progress);
    --seen.inside;
  };
  return context;
}

void check_only_grows(const std::vector<Progress>& readings) {
  for (std::size_t n = 1; n < readings.size(); ++n) {
    CHECK(readings[n].bytes_done >= readings[n - 1].bytes_done);
    CHECK(readings[n].bytes_new >= readings[n - 1].bytes_new);
    CHECK(readings[n].bytes_stored >= readings[n - 1].bytes_stored);
    CHECK(readings[n].items_done >= readings[n - 1].items_done);
  }
}

/// Bytes that never end and do not compress; counts what was taken.
class Spring {
 public:
  std::unique_ptr<EntryReader> reader(std::uint64_t size) {
    return std::make_unique<FunctionReader>([this, size](MutableByteView out, const Context& context) {
      context.check();
      const std::uint64_t length = std::min<std::uint64_t>(out.size(), size - given_);
      const Bytes bytes = random_.bytes(length);
      std::ranges::copy(bytes, out.begin());
      given_ += length;
      return static_cast<std::size_t>(length);
    });
  }
  [[nodiscard]] std::uint64_t given() const { return given_; }

 private:
  Random random_{1};
  std::atomic<std::uint64_t> given_{0};
};

/// Waits until `value` has stood still for a while.
template <typename Read>
std::uint64_t settled(Read&& value) {
  std::uint64_t last = value();
  for (int still = 0; still < 20;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
    const std::uint64_t now = value();
    still = now == last ? still + 1 : 0;
    last = now;
  }
  return last;
}

TEST_CASE("progress of a snapshot ends with the whole of it and never runs backwards") {
  Store store;
  const SyntheticData data = make_data(1);
  SyntheticEngine engine(data);
  Seen seen;
  const Manifest manifest = store.repository.snapshot(engine, {}, watched(store, seen));
  REQUIRE_FALSE(seen.readings.empty());
  CHECK_FALSE(seen.overlapped);
  CHECK(seen.phases.contains(Phase::read));
  CHECK(seen.phases.contains(Phase::commit));
  check_only_grows(seen.readings);
  CHECK(seen.readings.back().bytes_done == size_of(data));
  CHECK(seen.readings.back().bytes_new == manifest.stats.bytes_new);
  CHECK(seen.readings.back().items_done == data.size());
}

TEST_CASE("restore, verify, export and prune report progress of their own phase") {
  Store store;
  ValueEngine engine(Random(2).pages(1'000'000));
  const std::string id = store.snapshot(engine).id;
  Seen seen;
  const Context context = watched(store, seen);
  SUBCASE("restore") {
    store.repository.restore(id, engine, {.overwrite = true}, 1, context);
    CHECK(seen.phases.contains(Phase::restore));
    CHECK(seen.readings.back().bytes_done == engine.content.size());
    CHECK(seen.readings.back().bytes_total == engine.content.size());
  }
  SUBCASE("verify") {
    CHECK(store.repository.verify({}, context).ok());
    CHECK(seen.phases.contains(Phase::verify));
  }
  SUBCASE("export") {
    GatheringWriter writer;
    store.repository.export_snapshot(id, engine, ExportCompression::none, writer, context);
    CHECK(seen.phases.contains(Phase::export_));
  }
  SUBCASE("import") {
    store.repository.import_file(reader_over(engine.content), engine, {}, context);
    CHECK((seen.phases.contains(Phase::import_) || seen.phases.contains(Phase::read)));
  }
  SUBCASE("prune") {
    engine.content = Random(3).bytes(100'000);
    store.snapshot(engine);
    store.repository.apply(store.plan({.last = 1}), {}, context);
    CHECK(seen.phases.contains(Phase::prune));
  }
  check_only_grows(seen.readings);
}

TEST_CASE("an operation that is cancelled before it begins touches nothing") {
  Store store;
  SyntheticEngine engine(make_data(3));
  const std::string id = store.snapshot(engine).id;
  const auto before = store.keys();
  std::stop_source stop;
  stop.request_stop();
  Context context = store.context();
  context.stop = stop.get_token();
  const Repository& repository = store.repository;
  CHECK(code_of([&] { store.repository.snapshot(engine, {}, context); }) == ErrorCode::cancelled);
  CHECK(code_of([&] { repository.restore(id, engine, {.overwrite = true}, 1, context); }) == ErrorCode::cancelled);
  CHECK(code_of([&] { (void)repository.verify({}, context); }) == ErrorCode::cancelled);
  CHECK(code_of([&] { (void)repository.snapshots({}, context); }) == ErrorCode::cancelled);
  CHECK(code_of([&] { store.repository.apply(store.plan({}), {}, context); }) == ErrorCode::cancelled);
  CHECK(code_of([&] { Repository::open(store.sink, {}, context); }) == ErrorCode::cancelled);
  CHECK(code_of([&] { Repository::create(make_memory_sink(), {.encrypt = false}, context); }) == ErrorCode::cancelled);
  CHECK(store.keys() == before);
}

TEST_CASE("a snapshot can be cancelled at every call of the store and leaves nothing listed") {
  SyntheticShape shape;
  shape.page_file_size = 64 * 1024;
  shape.stream_size = 30'000;
  const SyntheticData data = make_data(4, shape);
  for (std::uint64_t call = 0; call < 200; ++call) {
    Store store({.encrypt = false, .chunk_size = 4096, .frame_size = 16384, .pack_size = 1 << 20});
    const auto place = std::make_shared<SyntheticPlace>(data);
    SyntheticEngine engine(place);
    const auto gate = std::make_shared<Gate>();
    store.sink->inject({.after = call, .stall = gate});
    std::stop_source stop;
    Context context = store.context();
    context.stop = stop.get_token();
    std::optional<ErrorCode> code;
    std::atomic<bool> done{false};
    std::jthread writer([&] {
      try {
        store.repository.snapshot(engine, {}, context);
      } catch (const Error& error) {
        code = error.code();
      }
      done = true;
    });
    while (!done && !store.sink->fired()) std::this_thread::yield();
    stop.request_stop();
    gate->open();
    writer.join();
    CHECK(place->counters().sessions_open == 0);
    if (!code) {
      CHECK(store.ids().size() == 1);
      if (!store.sink->fired()) return;
      continue;
    }
    CHECK(code == ErrorCode::cancelled);
    CHECK(store.ids().empty());
    store.sink->heal();
    CHECK(store.restored(store.snapshot(engine).id) == data);
  }
  FAIL("the snapshot never got through");
}

TEST_CASE("a stalled source, store or target ends with the deadline") {
  Store store;
  const auto place = std::make_shared<SyntheticPlace>(make_data(5));
  SyntheticEngine engine(place);
  const std::string id = store.snapshot(engine).id;
  place->change(1);
  Context context = store.context();
  const auto soon = [&] { context.deadline = context.clock->monotonic() + std::chrono::milliseconds(150); };
  SUBCASE("source") {
    place->set_faults(stalled_reads(std::make_shared<Gate>()));
    soon();
    CHECK(code_of([&] { store.repository.snapshot(engine, {}, context); }) == ErrorCode::deadline_exceeded);
  }
  SUBCASE("store, writing") {
    store.sink->stall(SinkCall::put, "packs/");
    soon();
    CHECK(code_of([&] { store.repository.snapshot(engine, {}, context); }) == ErrorCode::deadline_exceeded);
  }
  SUBCASE("store, reading") {
    store.sink->stall(SinkCall::get, "packs/");
    soon();
    SyntheticEngine target(std::make_shared<SyntheticPlace>());
    CHECK(code_of([&] { store.repository.restore(id, target, {}, 2, context); }) == ErrorCode::deadline_exceeded);
    CHECK_FALSE(target.place().data().has_value());
  }
  store.sink->heal();
  CHECK(store.ids() == std::vector{id});
  CHECK(place->counters().sessions_open == 0);
}

TEST_CASE("an exception from a callback stops the operation and comes back as it is") {
  Store store;
  SyntheticEngine engine(make_data(6));
  struct MyOwn {};
  Context context = store.context();
  context.on_progress = [](const Progress&) { throw MyOwn{}; };
  CHECK_THROWS_AS(store.repository.snapshot(engine, {}, context), MyOwn);
  CHECK(store.ids().empty());
  CHECK(engine.place().counters().sessions_open == 0);
}

TEST_CASE("an exception of the engine's own kind comes back as it is") {
  Store store;
  struct MyOwn {};
  ValueEngine engine;
  engine.read_with([] {
    return std::make_unique<FunctionReader>([](MutableByteView, const Context&) -> std::size_t { throw MyOwn{}; });
  });
  CHECK_THROWS_AS(store.snapshot(engine), MyOwn);
  CHECK(store.ids().empty());
}

TEST_CASE("a reader that claims more bytes than it was asked for is caught") {
  Store store;
  ValueEngine engine;
  engine.read_with([] {
    return std::make_unique<FunctionReader>([](MutableByteView out, const Context&) { return out.size() + 1; });
  });
  CHECK_THROWS_AS(store.snapshot(engine), Error);
  CHECK(store.ids().empty());
}

TEST_CASE("reading is held to the limit") {
  Store store;
  ValueEngine engine(Random(7).text(2'000'000), EntryKind::stream);
  const MonotonicTime begin = store.clock.monotonic();
  store.snapshot(engine, {.read_limit = 4'000'000});
  // A quarter of a second's worth may pass at once; the rest takes its time.
  CHECK(store.clock.monotonic() - begin >= std::chrono::milliseconds(200));
}

TEST_CASE("a store that stalls stops the reading after a bounded number of bytes") {
  Store store;
  Spring spring;
  ValueEngine engine;
  engine.read_with([&] { return spring.reader(1024 * kMiB); });
  const auto gate = store.sink->stall(SinkCall::put, "packs/");
  std::stop_source stop;
  Context context = store.context();
  context.stop = stop.get_token();
  std::jthread writer(
      [&] { CHECK(code_of([&] { store.repository.snapshot(engine, {}, context); }) == ErrorCode::cancelled); });
  gate->await_arrivals();
  CHECK(settled([&] { return spring.given(); }) < 96 * kMiB);
  stop.request_stop();
}

TEST_CASE("a target that stalls stops the fetching after a bounded number of bytes") {
  Store store;
  Spring spring;
  ValueEngine engine;
  engine.read_with([&] { return spring.reader(256 * kMiB); });
  const std::string id = store.snapshot(engine).id;
  class StallingWriter final : public EntryWriter {
   public:
    StallingWriter(Gate& gate, const Context& context) : gate_(gate), context_(context) {}
    void write(std::uint64_t, ByteView) override { gate_.pass(context_); }

   private:
    Gate& gate_;
    const Context& context_;
  };
  std::stop_source stop;
  Context context = store.context();
  context.stop = stop.get_token();
  Gate gate;
  store.sink->heal();
  const auto reader = store.repository.reader(id, 2, context);
  std::jthread thread([&] {
    StallingWriter writer(gate, context);
    CHECK(code_of([&] { reader->copy_entry("value", writer, context); }) == ErrorCode::cancelled);
  });
  gate.await_arrivals();
  CHECK(settled([&] { return store.sink->bytes_got(); }) < 96 * kMiB);
  stop.request_stop();
}

TEST_CASE("many operations run beside one another on one handle") {
  Store store;
  const auto place = std::make_shared<SyntheticPlace>(make_data(8));
  SyntheticEngine engine(place);
  const std::string first = store.snapshot(engine).id;
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 3; ++n) {
      threads.emplace_back([&store, n] {
        SyntheticEngine own(make_data(100 + static_cast<std::uint64_t>(n)), "own" + std::to_string(n));
        for (int round = 0; round < 3; ++round) {
          store.repository.snapshot(own, {.threads = 2}, store.context());
          own.place().change(static_cast<std::uint64_t>(round));
        }
      });
      threads.emplace_back([&] {
        SyntheticEngine target(std::make_shared<SyntheticPlace>());
        for (int round = 0; round < 3; ++round) {
          store.repository.restore(first, target, {.overwrite = true}, 2, store.context());
          target.check_restored(store.context());
          (void)store.repository.snapshots({}, store.context());
        }
      });
    }
  }
  CHECK(store.ids().size() == 10);
  CHECK(store.repository.verify({}, store.context()).ok());
}

}  // namespace
}  // namespace dbsnap::testing
