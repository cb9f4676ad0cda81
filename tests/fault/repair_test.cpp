// Damaged snapshots that are put together again: what can be rebuilt, what is lost, and that nothing else changes.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "dbsnap/error.hpp"
#include "fault/fault_world.hpp"
#include "format/pack.hpp"
#include "harness/random_data.hpp"

namespace dbsnap::testing {
namespace {

using Objects = std::map<std::string, Bytes>;

Objects objects_of(const FaultWorld& world) {
  Objects objects;
  for (const std::string& key : keys_of(*world.store)) objects.emplace(key, world.store->get(key, {}, {}));
  return objects;
}

/// Checks that every object of `before` is there still, with the same bytes.
void check_nothing_changed(const FaultWorld& world, const Objects& before) {
  for (const auto& [key, bytes] : before) {
    CAPTURE(key);
    const auto there = world.store->stat(key, {});
    CHECK(there.has_value());
    if (there) CHECK((world.store->get(key, {}, {}) == bytes));
  }
}

RepairReport repair(const FaultWorld& world, bool dry_run = false) {
  return world.repository().repair({.dry_run = dry_run, .threads = 1}, world.context());
}

bool verifies(const FaultWorld& world, const std::vector<std::string>& ids = {}) {
  return world.repository().verify({.ids = ids, .threads = 1}, world.context()).ok();
}

void flip(const FaultWorld& world, const std::string& key, std::uint64_t offset) {
  Bytes bytes = world.store->get(key, {}, {});
  bytes.at(offset) ^= std::byte{8};
  world.store->put(key, bytes, {}, {});
}

std::vector<PackInfo> packs_of(const FaultWorld& world, const std::string& id) {
  return world.repository().manifest(id, world.context()).packs;
}

/// Places in a pack where a flipped bit damages a frame of a table, or one of data.
std::vector<std::uint64_t> frame_bodies(const FaultWorld& world, const std::string& key, bool of_tables) {
  const KeyRing keys(world.repository().id(), std::nullopt);
  const PackDirectory directory = read_directory(world.store->get(key, {}, {}), parse_pack_key(key).value(), keys);
  std::vector<std::uint64_t> places;
  for (const DirectoryFrame& frame : directory.frames) {
    if ((frame.table_level > 0) == of_tables) places.push_back(frame.place.offset + frame.place.length - 20);
  }
  return places;
}

/// Damages every chunk table that `id` needs; how many frames that are.
std::size_t damage_tables(const FaultWorld& world, const std::string& id) {
  std::size_t frames = 0;
  for (const PackInfo& pack : packs_of(world, id)) {
    for (const std::uint64_t offset : frame_bodies(world, pack.key, true)) {
      flip(world, pack.key, offset);
      ++frames;
    }
  }
  return frames;
}

/// A snapshot of a source that fills a handful of packs.
FaultWorld world_of_one(std::uint64_t seed) {
  FaultWorld world(seed, 0);
  world.replace_source(seed, {});
  world.snapshot();
  return world;
}

void check_rebuilt(const FaultWorld& world, const SnapshotRepair& repaired) {
  CAPTURE(repaired.id);
  CHECK(repaired.lost.empty());
  CHECK(repaired.why == "");
  REQUIRE_FALSE(repaired.rebuilt_as.empty());
  CHECK(verifies(world, {repaired.rebuilt_as}));
  CHECK((world.restored(repaired.rebuilt_as) == world.recorded.at(repaired.id)));
}

TEST_CASE("repair does nothing to a repository that is whole") {
  const FaultWorld world(60, 3);
  const Objects before = objects_of(world);
  const RepairReport report = repair(world);
  CHECK(report.ok());
  CHECK(report.snapshots == 0);
  CHECK(report.damaged.empty());
  const std::vector<std::string> all = world.listed();
  CHECK(world.repository().repair({.ids = all, .threads = 1}, world.context()).damaged.empty());
  CHECK((objects_of(world) == before));
}

TEST_CASE("lost chunk tables are rebuilt from what the packs' directories say") {
  for (const bool directories : {true, false}) {
    CAPTURE(directories);
    FaultWorld world = world_of_one(61);
    const std::string id = world.listed().front();
    REQUIRE(damage_tables(world, id) > 0);
    for (const PackInfo& pack : packs_of(world, id)) {
      if (!directories) flip(world, pack.key, pack.size - 100);
    }
    CHECK_FALSE(verifies(world));
    const Objects before = objects_of(world);
    const RepairReport report = repair(world);
    CHECK(report.ok());
    REQUIRE(report.damaged.size() == 1);
    CHECK(report.damaged.front().tables_rebuilt > 0);
    check_rebuilt(world, report.damaged.front());
    check_nothing_changed(world, before);
  }
}

TEST_CASE("a lost table of a snapshot that shares data with others is rebuilt with their help") {
  FaultWorld world(62, 0);
  world.replace_source(62, {});
  for (int n = 0; n < 3; ++n) {
    world.change_source();
    world.snapshot();
  }
  const std::string newest = world.listed().front();
  std::set<std::string> older;
  for (const PackInfo& pack : packs_of(world, world.listed().at(1))) older.insert(pack.key);
  std::size_t damaged = 0;
  for (const PackInfo& pack : packs_of(world, newest)) {
    if (older.contains(pack.key)) continue;
    for (const std::uint64_t offset : frame_bodies(world, pack.key, true)) {
      flip(world, pack.key, offset);
      ++damaged;
    }
  }
  REQUIRE(damaged > 0);
  CHECK_FALSE(verifies(world));
  const RepairReport report = repair(world);
  REQUIRE(report.damaged.size() == 1);
  CHECK(report.damaged.front().id == newest);
  CHECK(report.damaged.front().tables_rebuilt > 0);
  check_rebuilt(world, report.damaged.front());
}

TEST_CASE("a rebuilt snapshot has the source, times, tags and facts of the damaged one, and says what it is") {
  FaultWorld world = world_of_one(63);
  const Manifest old = world.repository().manifest(world.listed().front(), world.context());
  damage_tables(world, old.id);
  CHECK_FALSE(verifies(world));
  const RepairReport report = repair(world);
  REQUIRE(report.damaged.size() == 1);
  const Manifest made = world.repository().manifest(report.damaged.front().rebuilt_as, world.context());
  CHECK(made.source.url == old.source.url);
  CHECK(made.source_key == old.source_key);
  CHECK(made.time == old.time);
  CHECK(made.started == old.started);
  CHECK(made.tags == old.tags);
  CHECK(made.engine_facts == old.engine_facts);
  CHECK(std::ranges::count(made.warnings, "rebuilt from " + old.id) == 1);
  CHECK(world.listed().front() == made.id);
  CHECK(world.repository().resolve("latest", {}, world.context()) == made.id);
}

TEST_CASE("a chunk that another pack holds whole is taken from there") {
  FaultWorld world = world_of_one(64);
  const std::string id = world.listed().front();
  SyntheticEngine twin(world.source, "twin");
  world.repository().snapshot(twin, {.host = "host", .threads = 1}, world.context());
  const std::string pack = packs_of(world, id).front().key;
  world.store->remove(pack, {});
  const Objects before = objects_of(world);
  const RepairReport report = repair(world);
  REQUIRE(report.damaged.size() == 1);
  CHECK(report.damaged.front().damaged == std::vector{pack});
  CHECK(report.damaged.front().chunks_found > 0);
  check_rebuilt(world, report.damaged.front());
  check_nothing_changed(world, before);
}

TEST_CASE("what is lost is told by entry and bytes, and nothing is made of the rest") {
  FaultWorld world = world_of_one(65);
  const std::string pack = packs_of(world, world.listed().front()).front().key;
  const auto places = frame_bodies(world, pack, false);
  flip(world, pack, places.at(1));
  CHECK_FALSE(verifies(world));
  const Objects before = objects_of(world);
  const RepairReport report = repair(world);
  CHECK_FALSE(report.ok());
  REQUIRE(report.damaged.size() == 1);
  REQUIRE(report.damaged.front().lost.size() == 1);
  const LostRange& lost = report.damaged.front().lost.front();
  CHECK_FALSE(lost.entry.empty());
  CHECK(lost.length > 0);
  CHECK(lost.length <= small_sizes().frame_size);
  CHECK(report.damaged.front().rebuilt_as.empty());
  CHECK((objects_of(world) == before));
}

TEST_CASE("a dry run says the same and writes nothing") {
  FaultWorld world = world_of_one(66);
  damage_tables(world, world.listed().front());
  CHECK_FALSE(verifies(world));
  const Objects before = objects_of(world);
  const RepairReport planned = repair(world, true);
  CHECK(planned.dry_run);
  CHECK(planned.ok());
  REQUIRE(planned.damaged.size() == 1);
  CHECK(planned.damaged.front().rebuilt_as.empty());
  CHECK((objects_of(world) == before));
  CHECK(repair(world).damaged.front().tables_rebuilt == planned.damaged.front().tables_rebuilt);
}

TEST_CASE("a second repair finds the work of the first and makes no other") {
  FaultWorld world = world_of_one(67);
  damage_tables(world, world.listed().front());
  CHECK_FALSE(verifies(world));
  const RepairReport first = repair(world);
  const Objects before = objects_of(world);
  const RepairReport second = repair(world);
  CHECK(second.ok());
  REQUIRE(second.damaged.size() == 1);
  CHECK(second.damaged.front().rebuilt_as == first.damaged.front().rebuilt_as);
  CHECK((objects_of(world) == before));
}

TEST_CASE("a manifest that cannot be read is no help to a repair and no harm to it") {
  FaultWorld world(68, 2, "secret");
  const std::string bad = world.listed().front();
  for (const std::string& key : keys_of(*world.store, "snapshots/")) {
    if (key.ends_with(bad)) flip(world, key, 50);
  }
  const Objects before = objects_of(world);
  const RepairReport report = repair(world);
  CHECK_FALSE(report.ok());
  REQUIRE(report.damaged.size() == 1);
  CHECK(report.damaged.front().id == bad);
  CHECK_FALSE(report.damaged.front().why.empty());
  CHECK((objects_of(world) == before));
}

TEST_CASE("a repair that fails half-way leaves the repository as it was for the next one") {
  FaultWorld start = world_of_one(69);
  damage_tables(start, start.listed().front());
  CHECK_FALSE(verifies(start));
  for (std::uint64_t puts = 0; puts < 4; ++puts) {
    CAPTURE(puts);
    FaultWorld world(start);
    const Objects before = objects_of(world);
    world.sink->inject({.call = SinkCall::put, .after = puts});
    std::optional<Error> failure;
    try {
      repair(world);
    } catch (const Error& error) {
      failure = error;
    }
    world.sink->heal();
    check_nothing_changed(world, before);
    const RepairReport report = repair(world);
    CHECK(report.ok());
    check_rebuilt(world, report.damaged.front());
  }
}

// One of the ways in which a store loses bytes, somewhere; more often than chance has it where nothing is lost for
// good.
void damage_something(const FaultWorld& world, Random& random) {
  const auto packs = keys_of(*world.store, "packs/");
  const std::string& key = packs.at(random.below(packs.size()));
  Bytes bytes = world.store->get(key, {}, {});
  const std::uint64_t way = random.below(8);
  if (way == 0) {
    world.store->remove(key, {});
  } else if (way == 1) {
    bytes.resize(random.below(bytes.size()));
    world.store->put(key, bytes, {}, {});
  } else if (way == 2) {
    flip(world, key, random.below(bytes.size()));
  } else if (way < 6) {
    flip(world, key, bytes.size() - 1 - random.below(200));
  } else {
    for (const PackInfo& pack : packs_of(world, world.listed().front())) {
      const auto header = world.store->stat(pack.key, {});
      if (!header || header->size != pack.size || random.below(2) == 0) continue;
      try {
        for (const std::uint64_t offset : frame_bodies(world, pack.key, true)) flip(world, pack.key, offset);
      } catch (const Error&) {
        continue;  // its directory was damaged before
      }
    }
  }
}

std::set<std::string> readable(const FaultWorld& world) {
  std::set<std::string> ids;
  for (const auto& [id, data] : world.recorded) {
    std::optional<SyntheticData> restored;
    try {
      restored = world.restored(id);
    } catch (const Error&) {
      continue;
    }
    CHECK((*restored == data));
    ids.insert(id);
  }
  return ids;
}

TEST_CASE("whatever is damaged, repair changes no object, loses no snapshot, and rebuilds nothing wrongly") {
  std::size_t rebuilt = 0;
  std::size_t lost = 0;
  for (std::uint64_t seed = 100; seed < 130; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    FaultWorld world(seed, static_cast<unsigned>(1 + random.below(4)));
    if (random.below(2) == 0) {
      const auto ids = world.listed();
      const std::string& gone = ids.at(random.below(ids.size()));
      if (ids.size() > 1) {
        world.repository().forget({gone}, world.context());
        world.recorded.erase(gone);
      }
    }
    for (std::uint64_t n = 1 + random.below(2); n > 0; --n) damage_something(world, random);
    verifies(world);
    const std::set<std::string> before_ids = readable(world);
    const Objects before = objects_of(world);
    const RepairReport report = repair(world);
    check_nothing_changed(world, before);
    CHECK((readable(world) == before_ids));
    for (const SnapshotRepair& one : report.damaged) {
      CHECK(one.whole() == !one.rebuilt_as.empty());
      if (one.whole()) check_rebuilt(world, one);
      if (!one.whole()) CHECK_FALSE(before_ids.contains(one.id));
      ++(one.whole() ? rebuilt : lost);
    }
  }
  CHECK(rebuilt > 5);
  CHECK(lost > 5);
}

}  // namespace
}  // namespace dbsnap::testing
