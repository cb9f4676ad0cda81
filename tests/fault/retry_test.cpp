// A store that fails now and then, asked again by the retry wrapper: everything works, whatever became of the calls.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>

#include "dbsnap/error.hpp"
#include "dbsnap/sinks/memory.hpp"
#include "dbsnap/sinks/wrap.hpp"
#include "fault/fault_world.hpp"
#include "format/byte_io.hpp"
#include "harness/error_code.hpp"

namespace dbsnap::testing {
namespace {

/// A failure that may go away, and what it tells of the call's effect.
SinkFault passing(bool after_effect, bool had_no_effect) {
  return {.after_effect = after_effect, .had_no_effect = had_no_effect, .code = ErrorCode::storage_unreachable};
}

struct Weather {
  std::string name;
  SinkFault fault;
};

const std::vector<Weather> kWeathers = {{"refused", passing(false, true)},
                                        {"lost on the way", passing(false, false)},
                                        {"answer lost", passing(true, false)}};

/// A source that fills a handful of packs, with tables of their own.
FaultWorld patient_world(std::uint64_t seed, const std::string& password = {}) {
  FaultWorld world(seed, 1, password);
  world.replace_source(seed, SyntheticShape{});
  world.retries = true;
  world.sink->heal();
  return world;
}

/// How often each pack was put.
std::map<std::string, int> pack_puts(const FaultWorld& world) {
  std::map<std::string, int> puts;
  for (const auto& [call, key] : world.sink->log()) {
    if (call == SinkCall::put && key.starts_with("packs/")) ++puts[key];
  }
  return puts;
}

void check_put_once(const FaultWorld& world) {
  const auto puts = pack_puts(world);
  CHECK_FALSE(puts.empty());
  for (const auto& [key, count] : puts) {
    CAPTURE(key);
    CHECK(count == 1);
  }
}

PruneReport prune_to_newest(FaultWorld& world) {
  Repository repository = world.repository();
  KeepRules rules;
  rules.last = 1;
  const PrunePlan plan = repository.plan_prune(*make_keep_policy(rules), {}, world.context());
  return repository.apply(plan, {.discard_unfinished = true}, world.context());
}

TEST_CASE("a store that fails every few calls is worked with as if it did not") {
  for (const Weather& weather : kWeathers) {
    for (const std::uint64_t every : {3U, 4U, 7U}) {
      CAPTURE(weather.name);
      CAPTURE(every);
      FaultWorld world = patient_world(every);
      SinkFault fault = weather.fault;
      fault.every = every;
      world.sink->inject(fault);
      const std::string first = world.snapshot();
      world.change_source();
      const std::string second = world.snapshot(2);
      CHECK((world.restored(first) == world.recorded.at(first)));
      CHECK(world.repository().verify({.threads = 2}, world.context()).ok());
      const auto gone = world.listed();
      CHECK(prune_to_newest(world).snapshots_removed == 2);
      CHECK(world.sink->fired());
      CHECK(world.listed() == std::vector{second});
      for (const std::string& id : gone) {
        if (id != second) world.allow_gone(id);
      }
      world.check_holds();
    }
  }
}

TEST_CASE("a store whose answers are lost is not taken for one that ignores create-if-absent") {
  for (const std::uint64_t after : {0U, 1U, 2U}) {
    CAPTURE(after);
    const auto faults = std::make_shared<FaultSink>(make_memory_sink());
    SinkFault fault = passing(true, false);
    fault.call = SinkCall::put;
    fault.after = after;
    faults->inject(fault);
    Repository::create(make_retry_sink(faults), small_sizes(), {});
    CHECK(faults->fired());
    CHECK(as_text(faults->get("dbsnap.json", {}, {})).find("\"if_absent\": true") != std::string_view::npos);
  }
}

TEST_CASE("packs whose answers were lost are there, and are not put again") {
  FaultWorld world = patient_world(71);
  SinkFault fault = passing(true, false);
  fault.call = SinkCall::put;
  fault.prefix = "packs/";
  fault.every_later = true;
  world.sink->inject(fault);
  const std::string id = world.snapshot();
  check_put_once(world);
  CHECK(pack_puts(world).size() == world.repository().manifest(id, world.context()).stats.packs_written);
  world.check_holds();
}

void check_moves(const FaultWorld& start, std::uint64_t every) {
  FaultWorld world(start);
  SinkFault fault = passing(false, false);
  fault.call = SinkCall::put;
  fault.prefix = "packs/";
  fault.every = every;
  world.sink->inject(fault);
  const std::string id = world.snapshot();
  CHECK(world.sink->fired());
  check_put_once(world);
  const Manifest manifest = world.repository().manifest(id, world.context());
  CHECK(std::ranges::any_of(manifest.entries, [](const ManifestEntry& entry) { return entry.table_level > 0; }));
  world.check_holds();
  // The next snapshot stands on this one's tables and packs.
  world.change_source();
  world.snapshot();
  world.check_holds();
}

TEST_CASE("packs that did not arrive go out under another name, and everything refers to that") {
  for (const std::uint64_t every : {2U, 3U, 5U}) {
    CAPTURE(every);
    check_moves(patient_world(72), every);
    check_moves(patient_world(73, "a password"), every);
  }
}

TEST_CASE("a snapshot ends when no pack arrives under any name, and the next one succeeds") {
  FaultWorld world = patient_world(74);
  SinkFault fault = passing(false, false);
  fault.call = SinkCall::put;
  fault.prefix = "packs/";
  fault.every_later = true;
  world.sink->inject(fault);
  CHECK(code_of([&] { world.snapshot(); }) == ErrorCode::storage_unreachable);
  check_put_once(world);
  world.check_holds();
  world.snapshot();
  world.check_holds();
}

TEST_CASE("a pack that arrives late is nobody's, and the next prune takes it") {
  FaultWorld world = patient_world(75);
  SinkFault fault = passing(true, false);
  fault.call = SinkCall::put;
  fault.prefix = "packs/";
  fault.after = 1;
  fault.late = true;
  world.sink->inject(fault);
  const std::string id = world.snapshot();
  check_put_once(world);
  const std::uint64_t written = world.repository().manifest(id, world.context()).stats.packs_written;
  CHECK(pack_puts(world).size() == written + 1);
  world.check_holds();
  for (const std::string& other : world.listed()) {
    if (other != id) world.allow_gone(other);
  }
  CHECK(world.repository().stats(world.context()).unreferenced_bytes > 0);
  prune_to_newest(world);
  CHECK(world.repository().stats(world.context()).unreferenced_bytes == 0);
  world.check_holds();
}

TEST_CASE("as many packs are under way at once as the store says, and the manifest waits for all of them") {
  FaultWorld world = patient_world(76);
  world.sink->declare({.cheap_reads = true, .parallel = 3});
  const auto gate = world.sink->stall(SinkCall::put, "packs/");
  {
    const std::jthread writer([&] { world.snapshot(); });
    gate->await_arrivals(3);
    CHECK(pack_puts(world).size() == 3);
    const auto log = world.sink->log();
    CHECK(std::ranges::none_of(
        log, [](const auto& call) { return call.first == SinkCall::put && call.second.starts_with("snapshots/"); }));
    gate->open();
  }
  CHECK(pack_puts(world).size() > 3);
  world.check_holds();
}

}  // namespace
}  // namespace dbsnap::testing
