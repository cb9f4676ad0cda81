// A failure at every read of the source and every write to the target.
#include <doctest/doctest.h>

#include <thread>

#include "dbsnap/error.hpp"
#include "fault/fault_world.hpp"
#include "harness/error_code.hpp"

namespace dbsnap::testing {
namespace {

/// Sets `field` to 0, 1, 2, … until a snapshot no longer meets it; each one that does must leave no trace.
void fail_at_every(std::optional<std::uint64_t> SyntheticFaults::*field, unsigned threads) {
  FaultWorld world(21, 1);
  world.change_source();
  for (std::uint64_t n = 0;; ++n) {
    CAPTURE(n);
    SyntheticFaults faults;
    faults.short_reads = true;
    faults.*field = n;
    world.source->set_faults(faults);
    const auto before = world.source->counters();
    const auto code = code_of([&] { world.snapshot(threads); });
    const auto after = world.source->counters();
    CHECK(after.sessions_open == 0);
    if (!code) {
      CHECK(after.sessions_aborted == before.sessions_aborted);
      break;
    }
    CHECK(code == ErrorCode::source_unreachable);
    CHECK(after.sessions_aborted == before.sessions_aborted + 1);
    CHECK(world.listed().size() == 1);
  }
  world.source->set_faults({});
  world.check_holds();
}

TEST_CASE("a source that fails at any read leaves no snapshot") {
  SUBCASE("on one thread") { fail_at_every(&SyntheticFaults::fail_read_at, 1); }
  SUBCASE("on four threads") { fail_at_every(&SyntheticFaults::fail_read_at, 4); }
}

TEST_CASE("a source that fails at any entry leaves no snapshot") {
  SUBCASE("on one thread") { fail_at_every(&SyntheticFaults::fail_next_at, 1); }
  SUBCASE("on four threads") { fail_at_every(&SyntheticFaults::fail_next_at, 4); }
}

TEST_CASE("a source that cannot be opened, or does not confirm, leaves no snapshot") {
  FaultWorld world(22, 1);
  SyntheticFaults faults;
  SUBCASE("begin") { faults.fail_begin = true; }
  SUBCASE("finish") { faults.fail_finish = true; }
  world.source->set_faults(faults);
  CHECK(code_of([&] { world.snapshot(); }) == ErrorCode::source_unreachable);
  CHECK(world.source->counters().sessions_open == 0);
  CHECK(world.listed().size() == 1);
  world.source->set_faults({});
  world.check_holds();
}

/// A source that is lost at its fourth read, and in the state `then` from the moment its loss is noticed.
struct LosableSource {
  explicit LosableSource(SyntheticFaults then) {
    SyntheticFaults faults;
    faults.fail_read_at = 3;
    world.source->set_faults(faults);
    context.log = [this, then](LogLevel, std::string_view text) {
      if (!text.starts_with("the source was lost")) return;
      ++losses;
      world.source->set_faults(then);
    };
  }
  Manifest snapshot(std::chrono::milliseconds patience) {
    SyntheticEngine engine = world.engine();
    return world.repository().snapshot(engine, {.threads = 2, .source_patience = patience}, context);
  }

  FaultWorld world{26, 1};
  Context context = world.context();
  unsigned losses = 0;
};

TEST_CASE("a source that is lost while it is read is read once more when it is back") {
  SyntheticFaults gone;
  gone.fail_begin = true;
  LosableSource lost(gone);
  lost.world.change_source();
  const std::jthread healer([&] {
    while (!lost.world.source->faults().fail_begin) std::this_thread::yield();
    lost.world.source->set_faults({});
  });
  const Manifest manifest = lost.snapshot(std::chrono::minutes(1));
  CHECK(lost.losses == 1);
  CHECK((lost.world.restored(manifest.id) == lost.world.source->data().value()));
  lost.world.check_holds();
}

TEST_CASE("a source that is lost again and again, or stays away, leaves no snapshot") {
  SyntheticFaults after;
  unsigned losses = 0;
  SUBCASE("lost at every read") { after.fail_read_at = 3, losses = 2; }
  SUBCASE("not there any more") { after.fail_begin = true, losses = 1; }
  LosableSource lost(after);
  CHECK(code_of([&] { lost.snapshot(std::chrono::seconds(1)); }) == ErrorCode::source_unreachable);
  CHECK(lost.losses == losses);
  CHECK(lost.world.source->counters().sessions_open == 0);
  CHECK(lost.world.listed().size() == 1);
  lost.world.source->set_faults({});
  lost.world.check_holds();
}

TEST_CASE("nobody waits for a source that was never there, or without being asked to") {
  LosableSource lost({});
  std::chrono::milliseconds patience{0};
  SUBCASE("never there") {
    SyntheticFaults gone;
    gone.fail_begin = true;
    lost.world.source->set_faults(gone);
    patience = std::chrono::minutes(10);
  }
  SUBCASE("without being asked to") {}
  CHECK(code_of([&] { lost.snapshot(patience); }) == ErrorCode::source_unreachable);
  CHECK(lost.losses == 0);
}

TEST_CASE("a source that stalls is left when the snapshot is cancelled") {
  FaultWorld world(23, 1);
  SyntheticFaults faults;
  faults.stall_read = std::make_shared<Gate>();
  world.source->set_faults(faults);
  std::stop_source stop;
  Context context = world.context();
  context.stop = stop.get_token();
  const std::jthread canceller([&] {
    faults.stall_read->await_arrivals();
    stop.request_stop();
  });
  SyntheticEngine engine = world.engine();
  CHECK(code_of([&] { world.repository().snapshot(engine, {.threads = 4}, context); }) == ErrorCode::cancelled);
  CHECK(world.source->counters().sessions_open == 0);
  world.source->set_faults({});
  world.check_holds();
}

TEST_CASE("a source that lies about sizes or gives bytes in dribs gives the same snapshot") {
  using Hint = SyntheticFaults::SizeHint;
  FaultWorld world(24, 1);
  for (const Hint hint : {Hint::none, Hint::too_small, Hint::too_large, Hint::absurd}) {
    for (const bool dribs : {false, true}) {
      SyntheticFaults faults;
      faults.size_hint = hint;
      faults.short_reads = dribs;
      world.source->set_faults(faults);
      world.change_source();
      const std::string id = world.snapshot(4);
      CHECK((world.restored(id) == world.source->data().value()));
    }
  }
  world.check_holds();
}

TEST_CASE("a target that fails at any write is left as it was") {
  FaultWorld world(25, 1);
  const std::string id = world.listed().front();
  const SyntheticData standing = make_data(98, small_shape());
  for (std::uint64_t n = 0;; ++n) {
    CAPTURE(n);
    SyntheticEngine target(standing, "target");
    SyntheticFaults faults;
    faults.fail_write_at = n;
    target.place().set_faults(faults);
    const auto restore = [&] { world.repository().restore(id, target, {.overwrite = true}, 3, world.context()); };
    const auto code = code_of(restore);
    if (!code) {
      CHECK((target.place().data() == world.recorded.at(id)));
      break;
    }
    CHECK(code == ErrorCode::no_space);
    CHECK((target.place().data() == standing));
  }
  world.check_holds();
}

}  // namespace
}  // namespace dbsnap::testing
