// Copies between repositories that fail at every call to either store: nothing half-made is ever listed, and the next
// run does the rest.
#include <doctest/doctest.h>

#include <algorithm>

#include "dbsnap/error.hpp"
#include "dbsnap/sinks/memory.hpp"
#include "fault/fault_world.hpp"

namespace dbsnap::testing {
namespace {

/// A source with two snapshots, and a target of which a copy comes to pass.
struct Pair {
  FaultWorld from;
  FaultWorld to;

  CopyReport copy() { return to.repository().copy_from(from.repository(), {.threads = 1}, from.context()); }

  /// Everything that is listed in the target is a copy that restores to what its original does.
  void check_holds() {
    from.check_holds();
    Repository target = to.repository();
    for (const SnapshotSummary& summary : target.snapshots({}, to.context())) {
      CAPTURE(summary.id);
      REQUIRE(summary.origin.has_value());
      CHECK((to.restored(summary.id) == from.recorded.at(summary.origin->id)));
    }
    const VerifyReport report = target.verify({.threads = 1}, to.context());
    for (const Damage& damage : report.damage) FAIL_CHECK(damage.snapshot, " ", damage.object, ": ", damage.what);
  }
  void check_complete() {
    const CopyReport report = copy();
    CHECK(report.ok());
    CHECK(to.listed().size() == from.listed().size());
    check_holds();
  }
};

/// A repository with two snapshots of next to nothing: every call to it is made to fail, in several ways.
FaultWorld little_world(std::uint64_t seed) {
  FaultWorld world(seed, 0);
  world.replace_source(
      seed, {.page_files = 1, .page_file_size = 16 * 1024, .streams = 1, .stream_size = 16 * 1024, .tiny_entries = 1});
  world.snapshot();
  world.change_source();
  world.snapshot();
  return world;
}

/// Injects each kind of fault at each call of `side`'s store in turn.
void at_every_call_of(const Pair& start, FaultWorld Pair::*side) {
  for (const FaultMode& mode : fault_modes()) {
    CAPTURE(mode.name);
    bool met = true;
    for (std::uint64_t n = 0; met; ++n) {
      CAPTURE(n);
      REQUIRE(n < 5000);
      Pair pair(start);
      SinkFault fault = mode.fault;
      fault.after = n;
      (pair.*side).sink->inject(fault);
      bool failed = false;
      try {
        const CopyReport report = pair.copy();
        CHECK(report.ok());
      } catch (const Error& error) {
        failed = true;
        CAPTURE(error.message());
        const bool injected = error.code() == ErrorCode::io || error.code() == ErrorCode::storage_unreachable ||
                              error.code() == ErrorCode::access_refused;
        CHECK(injected);
      }
      met = (pair.*side).sink->fired();
      if (!met) CHECK_FALSE(failed);
      (pair.*side).sink->heal();
      pair.check_holds();
      pair.check_complete();
    }
  }
}

TEST_CASE("a target that fails at any call of a copy holds whole copies only, and the next run makes the rest") {
  at_every_call_of({little_world(61), FaultWorld(62, 0)}, &Pair::to);
}

TEST_CASE("a source that fails at any call of a copy is not harmed, and the next run makes the rest") {
  at_every_call_of({little_world(63), FaultWorld(64, 0)}, &Pair::from);
}

std::uint64_t pack_bytes(const FaultWorld& world) {
  std::uint64_t bytes = 0;
  for (const std::string& key : keys_of(*world.store, "packs/")) bytes += world.store->stat(key, {})->size;
  return bytes;
}

/// A copy whose process dies once `packs` packs are stored is continued by the next one.
void check_continues(const Pair& start) {
  Pair undisturbed(start);
  undisturbed.check_complete();
  const std::uint64_t whole = pack_bytes(undisturbed.to);
  const std::size_t packs = keys_of(*undisturbed.to.store, "packs/").size();
  REQUIRE(packs > 4);
  for (std::size_t stored = 1; stored < packs; ++stored) {
    CAPTURE(stored);
    Pair pair(start);
    pair.to.sink->inject({.call = SinkCall::put, .prefix = "packs/", .after = stored, .every_later = true});
    pair.to.sink->inject({.call = SinkCall::remove, .every_later = true});
    CHECK_THROWS_AS(pair.copy(), Error);
    pair.to.sink->heal();
    pair.check_complete();
    CHECK(pack_bytes(pair.to) <= whole + 2 * std::uint64_t{small_sizes().pack_size});
  }
}

TEST_CASE("a copy that was killed is continued, wherever it broke off") {
  FaultWorld from(65, 0);
  from.replace_source(65, SyntheticShape{});
  from.snapshot();
  from.change_source();
  from.snapshot();
  check_continues({from, FaultWorld(66, 0)});
}

TEST_CASE("a copy under other keys that was killed is continued") {
  FaultWorld from(67, 0, "source");
  from.replace_source(67, SyntheticShape{});
  from.snapshot();
  check_continues({from, FaultWorld(68, 0, "target")});
}

}  // namespace
}  // namespace dbsnap::testing
