// What somebody who can write to the store, but has no password, may try: every forgery is noticed, with the right
// error.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/hash.hpp"
#include "base/hex.hpp"
#include "dbsnap/error.hpp"
#include "fault/fault_world.hpp"
#include "format/byte_io.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

using Json = nlohmann::json;

constexpr const char* kPassword = "open sesame";
constexpr std::size_t kPackHeader = 64;
constexpr std::size_t kHashFromEnd = 40;  // of the 32 bytes of hash in a pack's trailer

/// A repository with an object of every class. Made once; each test breaks its own copy.
const FaultWorld& whole_world() {
  static const FaultWorld world = [] {
    FaultWorld made(51, 2, kPassword);
    const auto ids = made.listed();
    made.repository().pin(ids.front(), made.context());
    made.change_source();
    const std::string forgotten = made.snapshot();
    made.repository().forget({forgotten}, made.context());
    made.allow_gone(forgotten);
    made.die_in_snapshot();
    made.repository().add_key("second password", "laptop", made.context());
    return made;
  }();
  return world;
}

/// Another repository with the same password.
const FaultWorld& other_world() {
  static const FaultWorld world = [] {
    FaultWorld made(52, 1, kPassword);
    made.change_source();
    const std::string forgotten = made.snapshot();
    made.repository().forget({forgotten}, made.context());
    made.die_in_snapshot();
    return made;
  }();
  return world;
}

Bytes bytes_at(const FaultWorld& world, const std::string& key) { return world.store->get(key, {}, {}); }
void put(FaultWorld& world, const std::string& key, ByteView bytes) { world.store->put(key, bytes, {}, {}); }
std::string first_of(const FaultWorld& world, const std::string& prefix) {
  const auto keys = keys_of(*world.store, prefix);
  REQUIRE_FALSE(keys.empty());
  return keys.front();
}

/// Packs that snapshots need which are listed: nobody looks at the others.
std::vector<std::string> needed_packs(const FaultWorld& world) {
  std::set<std::string> needed;
  const Repository repository = world.repository();
  for (const SnapshotSummary& summary : repository.snapshots({}, world.context())) {
    for (const PackInfo& pack : repository.manifest(summary.id, world.context()).packs) needed.insert(pack.key);
  }
  return {needed.begin(), needed.end()};
}

/// The object of a key: the one whose password the tests open the repository with, or the other one.
std::string key_object(const FaultWorld& world, bool current) {
  for (const KeyInfo& key : world.repository().keys(world.context())) {
    if (key.current == current) return first_of(world, "keys/" + key.id);
  }
  FAIL("there is no such key");
  return {};
}

/// An object of a class that a user would miss, and without which the repository still opens.
std::string object_of(const FaultWorld& world, const std::string& prefix) {
  if (prefix == "packs/") return needed_packs(world).front();
  return prefix == "keys/" ? key_object(world, false) : first_of(world, prefix);
}

/// Restores every recorded snapshot: each comes back as it was, or fails as damaged or gone and leaves nothing.
void check_restores(const FaultWorld& world, const Repository& repository) {
  for (const auto& [id, data] : world.recorded) {
    SyntheticEngine target(std::make_shared<SyntheticPlace>(), "target");
    try {
      repository.restore(id, target, {}, 1, world.context());
      CHECK((target.place().data() == data));
    } catch (const Error& error) {
      CAPTURE(error.message());
      CHECK((error.code() == ErrorCode::damaged || error.code() == ErrorCode::not_found));
      CHECK_FALSE(target.place().data().has_value());
    }
  }
}

/// How a user meets what was done to the repository: by the error of opening it, or by what verify reports. Nothing
/// wrong is restored in any case.
ErrorCode met_by(const FaultWorld& world) {
  try {
    const Repository repository = world.repository();
    check_restores(world, repository);
    const VerifyReport report = repository.verify({.threads = 1}, world.context());
    return report.ok() ? ErrorCode::internal : ErrorCode::damaged;  // internal: not noticed
  } catch (const Error& error) {
    return error.code();
  }
}

/// An object in JSON after `change`, with the checksum that goes with it, as a forger makes it.
Bytes forged(ByteView object, const std::function<void(Json&)>& change) {
  Json json = Json::parse(as_text(object));
  json.erase("checksum");
  change(json);
  json["checksum"] = to_hex(sha256(as_byte_view(json.dump())));
  return to_bytes(json.dump());
}

/// A pack with the hash of its trailer put right, so that only the sealing can notice what was done.
void rehash(Bytes& pack) {
  const Hash hash = sha256(ByteView(pack).first(pack.size() - kHashFromEnd));
  std::ranges::copy(hash, pack.end() - kHashFromEnd);
}

struct Place {
  std::size_t offset = 0;
  std::size_t length = 0;
};
/// Frames of a pack, found by their clear headers, as anybody can.
std::vector<Place> frames_of(ByteView pack) {
  std::vector<Place> frames;
  std::size_t at = kPackHeader;
  while (as_text(pack.subspan(at, 4)) == "DSFR") {
    ByteCursor sizes(pack.subspan(at + 12, 8), "frame");
    const std::size_t length = 24 + sizes.u32() + sizes.u32();
    frames.push_back({at, length});
    at += length;
  }
  return frames;
}

TEST_CASE("nothing is found in a repository that nobody has touched") {
  CHECK(met_by(whole_world()) == ErrorCode::internal);
  CHECK(met_by(other_world()) == ErrorCode::internal);
}

TEST_CASE("a byte changed in any class of object is damage, exit code 20") {
  for (const std::string prefix :
       {"dbsnap.json", "sessions/", "packs/", "snapshots/", "forgotten/", "pins/", "keys/"}) {
    CAPTURE(prefix);
    FaultWorld world(whole_world());
    const std::string key = object_of(world, prefix);
    Bytes bytes = bytes_at(world, key);
    bytes[bytes.size() / 2] ^= std::byte{4};
    put(world, key, bytes);
    CHECK(met_by(world) == ErrorCode::damaged);
    CHECK(exit_code_of(ErrorCode::damaged) == 20);
  }
}

TEST_CASE("a password whose key object is damaged, or another repository's, opens nothing, and the object is named") {
  for (const bool foreign : {false, true}) {
    CAPTURE(foreign);
    FaultWorld world(whole_world());
    const std::string own = key_object(world, true);
    Bytes bytes = foreign ? bytes_at(other_world(), first_of(other_world(), "keys/")) : bytes_at(world, own);
    if (!foreign) bytes[bytes.size() / 2] ^= std::byte{4};
    put(world, own, bytes);
    try {
      static_cast<void>(world.repository());
      FAIL("it was opened");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::wrong_key);
      CHECK(error.why().find(own) != std::string::npos);
    }
  }
}

TEST_CASE("two objects of one class that were swapped are damage") {
  for (const std::string prefix : {"snapshots/", "packs/", "keys/"}) {
    CAPTURE(prefix);
    FaultWorld world(whole_world());
    const auto keys = prefix == "packs/" ? needed_packs(world) : keys_of(*world.store, prefix);
    REQUIRE(keys.size() >= 2);
    const Bytes first = bytes_at(world, keys.front());
    put(world, keys.front(), bytes_at(world, keys.back()));
    put(world, keys.back(), first);
    const ErrorCode code = met_by(world);
    CHECK(code == ErrorCode::damaged);
  }
}

TEST_CASE("an old manifest, or the password's old object, under a newer name is damage") {
  FaultWorld world(whole_world());
  const auto manifests = keys_of(*world.store, "snapshots/");
  put(world, manifests.back(), bytes_at(world, manifests.front()));
  CHECK(met_by(world) == ErrorCode::damaged);

  FaultWorld keyed(whole_world());
  Repository repository = keyed.repository();
  const auto keys = repository.keys(keyed.context());
  const auto current = std::ranges::find_if(keys, &KeyInfo::current);
  REQUIRE(current != keys.end());
  const Bytes old = bytes_at(keyed, first_of(keyed, "keys/" + current->id));
  repository.change_key(current->id, "better", keyed.context());
  put(keyed, first_of(keyed, "keys/" + current->id), old);
  CHECK(met_by(keyed) == ErrorCode::wrong_key);
  CHECK(exit_code_of(ErrorCode::wrong_key) == 12);
}

TEST_CASE("a tombstone, a pin or a fence made by somebody without the key is damage") {
  FaultWorld world(whole_world());
  const std::string tombstone = first_of(world, "forgotten/");
  const std::string id = world.listed().front();
  put(world, "forgotten/" + id, bytes_at(world, tombstone));
  CHECK(met_by(world) == ErrorCode::damaged);

  FaultWorld pinned(whole_world());
  put(pinned, "pins/" + id + "/" + std::string(32, '0'), bytes_at(pinned, first_of(pinned, "pins/")));
  CHECK(met_by(pinned) == ErrorCode::damaged);

  FaultWorld fenced(whole_world());
  put(fenced, first_of(fenced, "snapshots/"), bytes_at(fenced, tombstone));
  CHECK(met_by(fenced) == ErrorCode::damaged);
}

TEST_CASE("an object of every class from another repository with the same password is damage") {
  for (const std::string prefix : {"sessions/", "packs/", "snapshots/", "forgotten/", "keys/"}) {
    CAPTURE(prefix);
    FaultWorld beside(whole_world());
    const std::string foreign = first_of(other_world(), prefix);
    put(beside, foreign, bytes_at(other_world(), foreign));
    // A pack that no snapshot needs is nothing but space: it is never read.
    CHECK(met_by(beside) == (prefix == "packs/" ? ErrorCode::internal : ErrorCode::damaged));

    FaultWorld instead(whole_world());
    put(instead, object_of(instead, prefix), bytes_at(other_world(), foreign));
    CHECK(met_by(instead) == ErrorCode::damaged);
  }
}

TEST_CASE("a frame that was moved inside its pack is damage, also when the pack's own checksum fits") {
  bool moved = false;
  for (const std::string& key : needed_packs(whole_world())) {
    Bytes pack = bytes_at(whole_world(), key);
    const auto frames = frames_of(pack);
    for (std::size_t i = 0; i + 1 < frames.size() && !moved; ++i) {
      const auto same = std::find_if(frames.begin() + static_cast<std::ptrdiff_t>(i) + 1, frames.end(),
                                     [&](const Place& other) { return other.length <= frames[i].length; });
      if (same == frames.end()) continue;
      moved = true;
      std::copy_n(pack.begin() + static_cast<std::ptrdiff_t>(same->offset), same->length,
                  pack.begin() + static_cast<std::ptrdiff_t>(frames[i].offset));
      rehash(pack);
      FaultWorld world(whole_world());
      put(world, key, pack);
      CHECK(met_by(world) == ErrorCode::damaged);
    }
  }
  CHECK(moved);
}

TEST_CASE("a pack whose bytes and checksum were both changed is damage") {
  FaultWorld world(whole_world());
  const std::string key = needed_packs(world).front();
  Bytes pack = bytes_at(world, key);
  pack[kPackHeader + 30] ^= std::byte{1};
  rehash(pack);
  put(world, key, pack);
  CHECK(met_by(world) == ErrorCode::damaged);
}

TEST_CASE("settings that were changed with a fitting checksum open with no password") {
  const std::vector<std::pair<std::string, Json>> changes = {
      {"chunk_size", 8192},
      {"frame_size", 32768},
      {"pack_size", 131072},
      {"id", std::string(32, '0')},
      {"store", {{"if_absent", false}, {"list_after_write", true}}}};
  for (const auto& [member, value] : changes) {
    CAPTURE(member);
    FaultWorld world(whole_world());
    put(world, "dbsnap.json",
        forged(bytes_at(world, "dbsnap.json"), [&, name = member, set = value](Json& json) { json[name] = set; }));
    // Under another id every key is another repository's, which is told without trying any.
    CHECK(met_by(world) == (member == "id" ? ErrorCode::damaged : ErrorCode::wrong_key));
  }
}

TEST_CASE("a config that says that nothing is encrypted does not get anything written in clear") {
  FaultWorld world(whole_world());
  put(world, "dbsnap.json", forged(bytes_at(world, "dbsnap.json"), [](Json& json) { json["encrypted"] = false; }));
  CHECK(met_by(world) == ErrorCode::wrong_key);
  for (const std::string& key : keys_of(*world.store, "keys/")) world.store->remove(key, {});
  CHECK(met_by(world) == ErrorCode::wrong_key);
  CHECK_THROWS_AS(world.snapshot(), Error);
}

TEST_CASE("a key object that says something else with a fitting checksum does not open") {
  const std::vector<std::pair<std::string, Json>> changes = {
      {"label", "laptop of anna"}, {"kind", "recovery"}, {"created", "2020-01-01T00:00:00Z"}, {"n", 16384}};
  for (const auto& [member, value] : changes) {
    CAPTURE(member);
    FaultWorld world(whole_world());
    for (const std::string& key : keys_of(*world.store, "keys/")) {
      put(world, key, forged(bytes_at(world, key), [&, name = member, set = value](Json& json) { json[name] = set; }));
    }
    CHECK(met_by(world) == ErrorCode::wrong_key);
  }
}

TEST_CASE("without the keys a repository is damaged, not empty") {
  FaultWorld world(whole_world());
  for (const std::string& key : keys_of(*world.store, "keys/")) world.store->remove(key, {});
  CHECK(met_by(world) == ErrorCode::damaged);
}

TEST_CASE("a removed key that somebody puts back opens again: docs/security.md says so") {
  FaultWorld world(whole_world());
  Repository repository = world.repository();
  const KeyInfo added = repository.add_key("third password", "", world.context());
  const std::string key = first_of(world, "keys/" + added.id);
  const Bytes old = bytes_at(world, key);
  repository.remove_key(added.id, {}, world.context());
  CHECK_THROWS_AS(Repository::open(world.store, {.password = "third password"}, world.context()), Error);
  put(world, key, old);
  CHECK_NOTHROW(Repository::open(world.store, {.password = "third password"}, world.context()));
}

}  // namespace
}  // namespace dbsnap::testing
