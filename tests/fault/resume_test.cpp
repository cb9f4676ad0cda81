// An upload that was interrupted: the next snapshot of the source uses what it left.
#include <doctest/doctest.h>

#include "dbsnap/error.hpp"
#include "fault/fault_world.hpp"

namespace dbsnap::testing {
namespace {

/// An empty repository, and a source that fills a handful of packs.
FaultWorld world_with_data(std::uint64_t seed, const std::string& password = {}) {
  FaultWorld world(seed, 0, password);
  world.replace_source(seed, SyntheticShape{});
  return world;
}

std::uint64_t pack_bytes(const FaultWorld& world) {
  std::uint64_t bytes = 0;
  for (const std::string& key : keys_of(*world.store, "packs/")) bytes += world.store->stat(key, {})->size;
  return bytes;
}

/// Begins a snapshot and kills its process once `packs` packs are stored.
void die_after(FaultWorld& world, std::uint64_t packs) {
  world.sink->inject({.call = SinkCall::put, .prefix = "packs/", .after = packs, .every_later = true});
  world.sink->inject({.call = SinkCall::remove, .every_later = true});
  CHECK_THROWS_AS(world.snapshot(), Error);
  world.sink->heal();
}

/// Bytes that the next snapshot of `world` stores.
std::uint64_t stored_by_next(FaultWorld& world) {
  const std::string id = world.snapshot();
  return world.repository().manifest(id, world.context()).stats.bytes_stored;
}

void check_resumes(const FaultWorld& start) {
  FaultWorld undisturbed(start);
  const std::uint64_t whole = stored_by_next(undisturbed);
  const std::size_t packs = keys_of(*undisturbed.store, "packs/").size() - keys_of(*start.store, "packs/").size();
  REQUIRE(packs > 2);
  for (std::size_t stored = 1; stored < packs; ++stored) {
    CAPTURE(stored);
    FaultWorld world(start);
    die_after(world, stored);
    const std::uint64_t left = pack_bytes(world) - pack_bytes(start);
    REQUIRE(left > 0);
    CHECK(stored_by_next(world) <= whole - left + small_sizes().pack_size);
    world.check_holds();
  }
}

TEST_CASE("an interrupted first upload is continued, wherever it broke off") { check_resumes(world_with_data(51)); }

TEST_CASE("an interrupted later upload is continued, wherever it broke off") {
  FaultWorld start(52, 2);
  start.replace_source(53, SyntheticShape{});
  check_resumes(start);
}

TEST_CASE("an interrupted upload of an encrypted repository is continued") {
  FaultWorld world = world_with_data(54, "secret");
  FaultWorld undisturbed(world);
  const std::uint64_t whole = stored_by_next(undisturbed);
  die_after(world, 3);
  const std::uint64_t left = pack_bytes(world);
  CHECK(stored_by_next(world) <= whole - left + small_sizes().pack_size);
  world.check_holds();
}

TEST_CASE("an upload that is interrupted again and again ends with one copy of the data") {
  FaultWorld world = world_with_data(55);
  FaultWorld undisturbed(world);
  const std::uint64_t whole = stored_by_next(undisturbed);
  for (int n = 0; n < 4; ++n) die_after(world, 1);
  world.snapshot();
  CHECK(pack_bytes(world) <= whole + 5 * std::uint64_t{small_sizes().frame_size});
  world.check_holds();
}

TEST_CASE("what an interrupted upload left is no use to the next one when it is damaged, and does no harm") {
  for (const bool directory : {false, true}) {
    CAPTURE(directory);
    FaultWorld world = world_with_data(56);
    die_after(world, 3);
    for (const std::string& key : keys_of(*world.store, "packs/")) {
      Bytes bytes = world.store->get(key, {}, {});
      if (directory) bytes[bytes.size() - 80] ^= std::byte{1};
      if (!directory) bytes.resize(bytes.size() / 2);
      world.store->put(key, bytes, {}, {});
    }
    world.snapshot();
    world.check_holds();
  }
}

TEST_CASE("what another source left is not looked at") {
  FaultWorld world = world_with_data(57);
  die_after(world, 3);
  const std::uint64_t before = pack_bytes(world);
  SyntheticEngine other(world.source, "other");
  const Manifest manifest = world.repository().snapshot(other, {.host = "host", .threads = 1}, world.context());
  CHECK(manifest.stats.bytes_stored >= before);
}

TEST_CASE("pieces that change between the attempts are stored as they are now") {
  FaultWorld world(58, 1);
  world.replace_source(59, SyntheticShape{});
  die_after(world, 3);
  world.change_source();
  world.snapshot();
  world.check_holds();
}

}  // namespace
}  // namespace dbsnap::testing
