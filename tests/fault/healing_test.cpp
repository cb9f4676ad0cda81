// Packs of the last snapshot that are damaged: the next one stores what they held again, and nothing else.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "dbsnap/error.hpp"
#include "fault/fault_world.hpp"

namespace dbsnap::testing {
namespace {

struct Damaging {
  const char* name;
  std::function<void(Sink&, const std::string&)> act;
};

std::vector<Damaging> ways_to_damage() {
  return {{"flipped",
           [](Sink& store, const std::string& key) {
             Bytes bytes = store.get(key, {}, {});
             bytes[bytes.size() / 2] ^= std::byte{16};
             store.put(key, bytes, {}, {});
           }},
          {"cut",
           [](Sink& store, const std::string& key) {
             Bytes bytes = store.get(key, {}, {});
             bytes.resize(bytes.size() / 2);
             store.put(key, bytes, {}, {});
           }},
          {"gone", [](Sink& store, const std::string& key) { store.remove(key, {}); }}};
}

std::vector<PackInfo> packs_of(const FaultWorld& world, const std::string& id) {
  return world.repository().manifest(id, world.context()).packs;
}

/// A copy of `start` whose pack `key` is damaged, which a verify has seen.
std::unique_ptr<FaultWorld> damaged(const FaultWorld& start, const std::string& key, const Damaging& way) {
  auto world = std::make_unique<FaultWorld>(start);
  way.act(*world->store, key);
  CHECK_FALSE(world->repository().verify({.threads = 1}, world->context()).ok());
  return world;
}

/// Checks that `id` needs no pack `bad`, is whole, and restores to what it was taken of.
void check_healed(const FaultWorld& world, const std::string& id, const std::string& bad) {
  for (const PackInfo& pack : packs_of(world, id)) CHECK(pack.key != bad);
  const VerifyReport report = world.repository().verify({.ids = {id}, .threads = 1}, world.context());
  for (const Damage& damage : report.damage) FAIL_CHECK(damage.object, ": ", damage.what);
  CHECK((world.restored(id) == world.recorded.at(id)));
}

TEST_CASE("after damage to any pack of it, the next snapshot is whole and stores no more than what was lost") {
  FaultWorld start(41, 0);
  start.replace_source(41, SyntheticShape{});
  start.snapshot();
  const std::string parent = start.listed().front();
  const auto packs = packs_of(start, parent);
  REQUIRE(packs.size() > 2);
  for (const PackInfo& pack : packs) {
    for (const Damaging& way : ways_to_damage()) {
      CAPTURE(pack.key);
      CAPTURE(way.name);
      const auto world = damaged(start, pack.key, way);
      const std::string id = world->snapshot();
      const Manifest healed = world->repository().manifest(id, world->context());
      CHECK(healed.parent == parent);
      CHECK_FALSE(healed.warnings.empty());
      CHECK(healed.stats.bytes_stored < pack.size + small_sizes().frame_size);
      check_healed(*world, id, pack.key);
    }
  }
}

TEST_CASE("a snapshot that stands on deltas heals too, whichever pack is damaged") {
  const FaultWorld start(42, 4);
  for (const PackInfo& pack : packs_of(start, start.listed().front())) {
    for (const Damaging& way : ways_to_damage()) {
      CAPTURE(pack.key);
      CAPTURE(way.name);
      const auto world = damaged(start, pack.key, way);
      world->change_source();
      check_healed(*world, world->snapshot(), pack.key);
      world->change_source();
      check_healed(*world, world->snapshot(), pack.key);
    }
  }
}

TEST_CASE("a pack that is gone heals without a verify") {
  const FaultWorld start(43, 2, "secret");
  const std::string pack = packs_of(start, start.listed().front()).front().key;
  FaultWorld world(start);
  world.store->remove(pack, {});
  check_healed(world, world.snapshot(), pack);
}

TEST_CASE("damage that no verify has seen in a table ends the comparison and not the snapshot") {
  const FaultWorld start(44, 1);
  for (const PackInfo& pack : packs_of(start, start.listed().front())) {
    CAPTURE(pack.key);
    FaultWorld world(start);
    world.store->put(pack.key, Bytes(pack.size), {}, {});
    CHECK_NOTHROW(world.snapshot());
  }
}

}  // namespace
}  // namespace dbsnap::testing
