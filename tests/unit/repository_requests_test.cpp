// How many calls to the store a snapshot takes, and that the manifest says so.
#include <thread>

#include "harness/random_data.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

/// A store across a network, as far as it says.
void make_remote(Store& store) { store.sink->declare({.cheap_reads = false, .parallel = 4}); }

ValueEngine small_database() { return ValueEngine(Random(1).bytes(1 << 20)); }

void check_counts(const Store& store, const SinkCounts& counts) {
  // The last put is the manifest's own.
  CHECK(counts.puts + 1 == store.sink->calls(SinkCall::put));
  CHECK(counts.gets == store.sink->calls(SinkCall::get));
  CHECK(counts.stats == store.sink->calls(SinkCall::stat));
  CHECK(counts.lists == store.sink->calls(SinkCall::list));
  CHECK(counts.removes == store.sink->calls(SinkCall::remove));
  CHECK(counts.bytes_down == store.sink->bytes_got());
  CHECK(counts.bytes_up < store.sink->bytes_put());
}

TEST_CASE("a first snapshot of a small database takes three puts, six lists and two looks") {
  Store store;
  make_remote(store);
  ValueEngine engine = small_database();
  store.sink->heal();
  const Manifest manifest = store.snapshot(engine);
  REQUIRE(manifest.stats.packs_written == 1);
  CHECK(store.sink->calls(SinkCall::put) == 3);
  CHECK(store.sink->calls(SinkCall::get) == 0);
  CHECK(store.sink->calls(SinkCall::stat) == 2);
  CHECK(store.sink->calls(SinkCall::list) == 6);
  CHECK(store.sink->calls(SinkCall::remove) == 0);
  check_counts(store, manifest.stats.store);
}

TEST_CASE("a later snapshot of a small database reads one object more, its parent's manifest") {
  Store store;
  make_remote(store);
  ValueEngine engine = small_database();
  store.snapshot(engine);
  engine.content[5] ^= std::byte{1};
  store.sink->heal();
  const Manifest manifest = store.snapshot(engine);
  REQUIRE(manifest.stats.packs_written == 1);
  CHECK(store.sink->calls(SinkCall::put) == 3);
  CHECK(store.sink->calls(SinkCall::get) == 1);
  CHECK(store.sink->calls(SinkCall::stat) == 2);
  CHECK(store.sink->calls(SinkCall::list) == 6);
  check_counts(store, manifest.stats.store);
}

TEST_CASE("what a manifest says of calls is what it says when it is read again") {
  Store store;
  ValueEngine engine = small_database();
  const Manifest manifest = store.snapshot(engine);
  const SinkCounts again = store.repository.manifest(manifest.id, store.context()).stats.store;
  CHECK(again.requests() == manifest.stats.store.requests());
  CHECK(again.requests() > 0);
  CHECK(again.bytes_up == manifest.stats.store.bytes_up);
  CHECK(again.bytes_up >= manifest.stats.bytes_stored);
}

TEST_CASE("a store that is worth asking several things at once is asked for all listings together") {
  Store store;
  store.sink->declare({.parallel = 5});
  const auto gate = std::make_shared<Gate>();
  for (const char* prefix : {"packs/", "snapshots/", "forgotten/", "sessions/", "damaged/"}) {
    store.sink->inject({.call = SinkCall::list, .prefix = prefix, .stall = gate});
  }
  ValueEngine engine = small_database();
  {
    const std::jthread writer([&] { store.snapshot(engine); });
    gate->await_arrivals(5);
    gate->open();
  }
  CHECK(store.ids().size() == 1);
}

TEST_CASE("a listing that fails beside others fails the snapshot") {
  for (const char* prefix : {"packs/", "snapshots/", "forgotten/", "sessions/", "damaged/"}) {
    CAPTURE(prefix);
    Store store;
    store.sink->declare({.parallel = 5});
    store.sink->inject({.call = SinkCall::list, .prefix = prefix, .code = ErrorCode::access_refused});
    ValueEngine engine = small_database();
    CHECK(code_of([&] { store.snapshot(engine); }) == ErrorCode::access_refused);
  }
}

}  // namespace
}  // namespace dbsnap::testing
