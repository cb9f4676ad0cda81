// Bytes that come back changed, cut or not at all, in every class of object: always noticed, never restored.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "dbsnap/error.hpp"
#include "fault/fault_world.hpp"
#include "harness/random_data.hpp"

namespace dbsnap::testing {
namespace {

/// A world with objects of every lasting class: config, sessions, packs, snapshots, pins, tombstones, a round of
/// pruning.
FaultWorld full_world(const std::string& password = {}) {
  FaultWorld world(31, 1, password);
  world.replace_source(310);
  world.snapshot();
  world.allow_gone(world.listed().back());
  world.repository().forget({world.listed().back()}, world.context());
  world.repository().apply(world.repository().plan_prune(*make_keep_policy({}), {}, world.context()), {},
                           world.context());
  world.change_source();
  world.snapshot();
  world.change_source();
  world.snapshot();
  const auto ids = world.listed();
  world.repository().pin(ids.front(), world.context());
  const std::string forgotten = ids.back();
  world.repository().forget({forgotten}, world.context());
  world.allow_gone(forgotten);
  world.die_in_snapshot();
  return world;
}

/// First segment of a key: the object's class.
std::string class_of(const std::string& key) { return key.substr(0, key.find('/')); }

std::vector<std::string> classes_of(const FaultWorld& world) {
  std::set<std::string> classes;
  for (const std::string& key : keys_of(*world.store)) classes.insert(class_of(key));
  return {classes.begin(), classes.end()};
}

/// What a user sees of a repository in which `key` is not what it was.
struct Finding {
  bool noticed = false;
  bool named = false;  ///< the object, or the snapshot it belongs to, is named
};

bool names(const std::string& text, const std::string& key) {
  const std::string id = key.substr(std::max(key.find_last_of("/-"), std::size_t{0}) + 1);
  return text.find(key) != std::string::npos || (id.size() >= 32 && text.find(id) != std::string::npos);
}

Finding look(FaultWorld& world, const std::string& key) {
  Finding finding;
  try {
    for (const Damage& damage : world.repository().verify({.threads = 1}, world.context()).damage) {
      finding.noticed = true;
      finding.named = finding.named || damage.object == key || names(damage.snapshot + " " + damage.what, key);
    }
  } catch (const Error& error) {
    finding.noticed = true;
    std::string text = error.message() + " " + error.why();
    for (const auto& [name, value] : error.context()) text += " " + value;
    finding.named = names(text, key) || key == "dbsnap.json";
    const bool allowed = error.code() == ErrorCode::damaged || error.code() == ErrorCode::incompatible_version ||
                         error.code() == ErrorCode::no_repository;
    CAPTURE(text);
    CHECK(allowed);
  }
  return finding;
}

/// Every snapshot restores to what it was, or fails with a fitting error and leaves nothing.
void check_no_wrong_bytes(FaultWorld& world) {
  for (const auto& [id, data] : world.recorded) {
    SyntheticEngine target(std::make_shared<SyntheticPlace>(), "target");
    try {
      world.repository().restore(id, target, {}, 2, world.context());
      CHECK((target.place().data() == data));
    } catch (const Error& error) {
      CAPTURE(error.message());
      const bool allowed = error.code() == ErrorCode::damaged || error.code() == ErrorCode::incompatible_version ||
                           error.code() == ErrorCode::not_found || error.code() == ErrorCode::no_repository;
      CHECK(allowed);
      CHECK_FALSE(target.place().data().has_value());
    }
  }
}

void check_noticed(FaultWorld& world, const std::string& key) {
  const Finding finding = look(world, key);
  CHECK(finding.noticed);
  CHECK(finding.named);
  check_no_wrong_bytes(world);
}

/// Packs that a recorded snapshot needs; nobody looks at others but prune.
std::vector<std::string> needed_packs(const FaultWorld& world) {
  std::set<std::string> needed;
  for (const auto& [id, data] : world.recorded) {
    for (const PackInfo& pack : world.repository().manifest(id, world.context()).packs) needed.insert(pack.key);
  }
  return {needed.begin(), needed.end()};
}

/// Some objects of a class: all when there are few.
std::vector<std::string> some_of(const FaultWorld& world, const std::string& name, Random& random, std::size_t count) {
  std::vector<std::string> keys = name == "packs" ? needed_packs(world) : keys_of(*world.store, name);
  while (keys.size() > count) keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(random.below(keys.size())));
  return keys;
}

/// Flips `flips` bits, one at a time, in each of up to `objects` objects of every class.
void flip_bits(const FaultWorld& start, std::size_t objects, std::uint64_t flips, std::uint64_t seed) {
  Random random(seed);
  for (const std::string& name : classes_of(start)) {
    for (const std::string& key : some_of(start, name, random, objects)) {
      const std::uint64_t size = start.store->stat(key, {})->size;
      for (std::uint64_t n = 0; n < flips; ++n) {
        const std::uint64_t offset = n == 1 ? 0 : n == 2 ? size - 1 : random.below(size);
        const auto mask = static_cast<std::byte>(1U << random.below(8));
        CAPTURE(key);
        CAPTURE(offset);
        CAPTURE(static_cast<unsigned>(mask));
        FaultWorld world(start);
        world.sink->corrupt(key, offset, mask);
        check_noticed(world, key);
      }
    }
  }
}

TEST_CASE("the damage tests look at every class of object") {
  const FaultWorld world = full_world();
  const std::vector<std::string> expected = {"dbsnap.json", "forgotten", "gc",       "packs",
                                             "pins",        "sessions",  "snapshots"};
  CHECK(classes_of(world) == expected);
}

TEST_CASE("a flipped bit in any object is noticed, named, and never restored") { flip_bits(full_world(), 6, 8, 32); }

TEST_CASE("a flipped bit in any object of an encrypted repository is noticed, named, and never restored") {
  flip_bits(full_world("secret"), 1, 3, 35);
}

TEST_CASE("a flipped bit in any byte of the small objects is noticed") {
  const FaultWorld start = full_world();
  Random random(33);
  for (const char* const name : {"dbsnap.json", "snapshots", "pins", "sessions", "forgotten", "gc"}) {
    const std::string key = keys_of(*start.store, name).at(0);
    const std::uint64_t size = start.store->stat(key, {})->size;
    FaultWorld world(start);
    for (std::uint64_t offset = 0; offset < size; offset += 1 + random.below(1 + size / 60)) {
      CAPTURE(key);
      CAPTURE(offset);
      world.sink->heal();
      world.sink->corrupt(key, offset, static_cast<std::byte>(1U << random.below(8)));
      CHECK(look(world, key).noticed);
    }
  }
}

TEST_CASE("an object that is cut is noticed, named, and never restored") {
  const FaultWorld start = full_world();
  Random random(34);
  for (const std::string& name : classes_of(start)) {
    for (const std::string& key : some_of(start, name, random, 3)) {
      const std::uint64_t size = start.store->stat(key, {})->size;
      // The config ends in a line feed that says nothing.
      const std::uint64_t last = key == "dbsnap.json" ? size - 2 : size - 1;
      for (const std::uint64_t left : {std::uint64_t{0}, std::uint64_t{1}, size / 2, last}) {
        CAPTURE(key);
        CAPTURE(left);
        FaultWorld world(start);
        world.sink->truncate(key, left);
        check_noticed(world, key);
      }
    }
  }
}

TEST_CASE("a pack that is gone is noticed, named, and never restored around") {
  const FaultWorld start = full_world();
  const auto needed = needed_packs(start);
  REQUIRE_FALSE(needed.empty());
  for (const std::string& key : needed) {
    CAPTURE(key);
    FaultWorld world(start);
    world.sink->lose(key);
    check_noticed(world, key);
  }
}

TEST_CASE("a config that is gone is no repository, never an empty one") {
  FaultWorld world = full_world();
  world.sink->lose("dbsnap.json");
  CHECK(look(world, "dbsnap.json").noticed);
  check_no_wrong_bytes(world);
}

TEST_CASE("an object in another's place is noticed") {
  const FaultWorld start = full_world();
  const auto packs = needed_packs(start);
  const auto manifests = keys_of(*start.store, "snapshots/");
  REQUIRE(packs.size() > 1);
  REQUIRE(manifests.size() > 1);
  const std::pair<std::string, std::string> swaps[] = {
      {packs[0], packs[1]}, {manifests[0], manifests[1]}, {manifests[0], packs[0]}, {packs[0], manifests[0]}};
  for (const auto& [key, other] : swaps) {
    CAPTURE(key);
    CAPTURE(other);
    FaultWorld world(start);
    world.store->put(key, start.store->get(other, {}, {}), {}, {});
    check_noticed(world, key);
  }
}

TEST_CASE("damage in the newest snapshot's own packs leaves the older ones and the next one whole") {
  FaultWorld world = full_world();
  const auto ids = world.listed();
  std::set<std::string> older;
  for (std::size_t n = 1; n < ids.size(); ++n) {
    for (const PackInfo& pack : world.repository().manifest(ids[n], world.context()).packs) older.insert(pack.key);
  }
  for (const PackInfo& pack : world.repository().manifest(ids[0], world.context()).packs) {
    if (!older.contains(pack.key)) world.store->put(pack.key, Bytes(pack.size), {}, {});
  }
  for (std::size_t n = 1; n < ids.size(); ++n) CHECK((world.restored(ids[n]) == world.recorded.at(ids[n])));
  const VerifyReport report = world.repository().verify({.threads = 1}, world.context());
  CHECK_FALSE(report.ok());
  for (const Damage& damage : report.damage) CHECK(damage.snapshot == ids[0]);

  world.change_source();
  const std::string next = world.snapshot();
  CHECK((world.restored(next) == world.recorded.at(next)));
  CHECK(world.repository().verify({.ids = {next}, .threads = 1}, world.context()).ok());
}

}  // namespace
}  // namespace dbsnap::testing
