#include "fault/fault_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "dbsnap/error.hpp"
#include "dbsnap/sinks/memory.hpp"
#include "dbsnap/sinks/wrap.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::uint64_t kEndlessLoop = 5'000;

}  // namespace

CreateOptions small_sizes() {
  return {.password = {}, .encrypt = false, .chunk_size = 4096, .frame_size = 16 * 1024, .pack_size = 64 * 1024};
}

SyntheticShape small_shape() {
  return {.page_files = 2, .page_file_size = 96 * 1024, .streams = 2, .stream_size = 64 * 1024, .tiny_entries = 3};
}

std::vector<std::string> keys_of(Sink& store, const std::string& prefix) {
  std::vector<std::string> keys;
  const auto note = [&](const ObjectInfo& object) {
    keys.push_back(object.key);
    return true;
  };
  store.list(prefix, note, {});
  std::ranges::sort(keys);
  return keys;
}

std::shared_ptr<Sink> copy_of(Sink& store) {
  auto copy = make_memory_sink();
  for (const std::string& key : keys_of(store)) copy->put(key, store.get(key, {}, {}), {}, {});
  return copy;
}

FaultWorld::FaultWorld(std::uint64_t seed, unsigned snapshots, std::string password)
    : store(make_memory_sink()),
      sink(std::make_shared<FaultSink>(store)),
      source(std::make_shared<SyntheticPlace>(make_data(seed, small_shape()))),
      password_(std::move(password)),
      changes_(seed * 1000) {
  CreateOptions options = small_sizes();
  options.encrypt = !password_.empty();
  options.password = password_;
  Repository::create(sink, options, context());
  for (unsigned n = 0; n < snapshots; ++n) {
    change_source();
    snapshot();
  }
}

FaultWorld::FaultWorld(const FaultWorld& other)
    : store(copy_of(*other.store)),
      sink(std::make_shared<FaultSink>(store)),
      source(std::make_shared<SyntheticPlace>(other.source->data().value())),
      retries(other.retries),
      recorded(other.recorded),
      password_(other.password_),
      changes_(other.changes_),
      clock_(other.clock_),
      optional_(other.optional_) {}

Repository FaultWorld::repository() const {
  const RetryOptions at_once{.first_attempts = RetryOptions{}.attempts, .random = [] { return 0.0; }};
  return Repository::open(retries ? make_retry_sink(sink, at_once) : sink, {.password = password_}, context());
}

Context FaultWorld::context() const {
  Context context;
  context.clock = clock_.get();
  return context;
}

void FaultWorld::change_source() { source->change(++changes_); }

std::string FaultWorld::snapshot(unsigned threads) {
  SyntheticEngine reading = engine();
  const Manifest manifest = repository().snapshot(reading, {.host = "host", .threads = threads}, context());
  recorded[manifest.id] = source->data().value();
  return manifest.id;
}

void FaultWorld::die_in_snapshot() {
  change_source();
  sink->fail_put_after(2);
  sink->inject({.call = SinkCall::remove, .every_later = true});
  CHECK_THROWS_AS(snapshot(), Error);
  sink->heal();
  REQUIRE_FALSE(keys_of(*store, "sessions/").empty());
}

SyntheticData FaultWorld::restored(const std::string& id) const {
  SyntheticEngine target(std::make_shared<SyntheticPlace>(), "target");
  repository().restore(id, target, {}, 1, context());
  target.check_restored(context());
  return target.place().data().value();
}

std::vector<std::string> FaultWorld::listed() const {
  std::vector<std::string> ids;
  for (const SnapshotSummary& summary : repository().snapshots({}, context())) ids.push_back(summary.id);
  return ids;
}

void FaultWorld::check_holds() {
  sink->heal();
  const std::vector<std::string> ids = listed();
  for (const auto& [id, data] : recorded) {
    CAPTURE(id);
    CHECK(std::ranges::count(ids, id) == 1);
  }
  const VerifyReport report = repository().verify({.threads = 1}, context());
  CHECK(report.snapshots == ids.size());
  for (const Damage& damage : report.damage) FAIL_CHECK(damage.snapshot, " ", damage.object, ": ", damage.what);
  for (const std::string& id : ids) {
    CAPTURE(id);
    const auto known = recorded.find(id);
    const auto gone = optional_.find(id);
    const SyntheticData expected = known != recorded.end()   ? known->second
                                   : gone != optional_.end() ? gone->second
                                                             : source->data().value();
    CHECK((restored(id) == expected));
  }
  for (const SnapshotSummary& summary : repository().snapshots({}, context())) CHECK(summary.good);
}

std::vector<FaultMode> fault_modes() {
  return {{"before its effect", {.code = ErrorCode::io}},
          {"after its effect", {.after_effect = true, .code = ErrorCode::storage_unreachable}},
          {"from then on", {.every_later = true, .code = ErrorCode::access_refused}},
          {"after its effect, and dead from then on",
           {.every_later = true, .after_effect = true, .code = ErrorCode::storage_unreachable}}};
}

void at_every_call(const FaultWorld& start, const std::function<void(FaultWorld&)>& act,
                   const std::function<void(FaultWorld&, const std::optional<Error>&)>& settle) {
  for (const FaultMode& mode : fault_modes()) {
    CAPTURE(mode.name);
    bool met = true;
    for (std::uint64_t n = 0; met; ++n) {
      CAPTURE(n);
      REQUIRE(n < kEndlessLoop);
      FaultWorld world(start);
      SinkFault fault = mode.fault;
      fault.after = n;
      world.sink->inject(fault);
      std::optional<Error> error;
      try {
        act(world);
      } catch (const Error& thrown) {
        error = thrown;
      }
      met = world.sink->fired();
      const auto log = world.sink->log();
      CAPTURE((log.empty() ? "" : std::string(name_of(log.back().first)) + " " + log.back().second));
      if (!met) CHECK_FALSE(error.has_value());
      world.sink->heal();
      settle(world, error);
    }
  }
}

}  // namespace dbsnap::testing
