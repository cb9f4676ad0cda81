// Verify without a password: what it finds, and that it neither needs nor writes anything else.
#include <set>
#include <string>

#include "harness/random_data.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

CreateOptions small_packs(bool encrypted) {
  return {.password = encrypted ? "right" : "",
          .encrypt = encrypted,
          .chunk_size = 4096,
          .frame_size = 8192,
          .pack_size = 16'384};
}

VerifyReport keyless(Store& store, const KeylessOptions& options = {}) {
  return Repository::verify_keyless(store.sink, options, store.context());
}

TEST_CASE("without a key every pack is read and nothing is written") {
  for (const bool encrypted : {false, true}) {
    Store store(small_packs(encrypted));
    ValueEngine engine(Random(1).bytes(200'000));
    store.snapshot(engine);
    store.sink->heal();
    const VerifyReport report = keyless(store);
    CHECK(report.ok());
    CHECK(report.checked.packs == store.keys("packs/").size());
    CHECK(report.checked.bytes == store.stored_bytes("packs/"));
    CHECK(report.left.packs == 0);
    CHECK(store.sink->calls(SinkCall::put) == 0);
    CHECK(store.sink->calls(SinkCall::remove) == 0);
  }
}

TEST_CASE("without a key a pack that is not what was written is found and named") {
  for (const bool encrypted : {false, true}) {
    CAPTURE(encrypted);
    Store store(small_packs(encrypted));
    ValueEngine engine(Random(2).bytes(200'000));
    const Manifest manifest = store.snapshot(engine);
    const std::string key = manifest.packs[4].key;
    const std::string other = manifest.packs[5].key;
    std::set<std::string> expected{key};
    SUBCASE("a bit in its frames") { store.sink->corrupt(key, 300); }
    SUBCASE("its first byte") { store.sink->corrupt(key, 0); }
    SUBCASE("its last byte") { store.sink->corrupt(key, manifest.packs[4].size - 1); }
    SUBCASE("cut short") { store.sink->truncate(key, 100); }
    SUBCASE("empty") { store.sink->truncate(key, 0); }
    SUBCASE("swapped with another") {
      const Bytes one = store.memory->get(key, {}, {});
      store.memory->put(key, store.memory->get(other, {}, {}), {}, {});
      store.memory->put(other, one, {}, {});
      expected.insert(other);
    }
    const VerifyReport report = keyless(store);
    std::set<std::string> found;
    for (const Damage& damage : report.damage) {
      CHECK(damage.snapshot.empty());
      CHECK_FALSE(damage.what.empty());
      found.insert(damage.object);
    }
    CHECK(found == expected);
  }
}

TEST_CASE("a share without a key is drawn anew each time, and over many runs every pack comes up") {
  Store store(small_packs(true));
  ValueEngine engine(Random(3).bytes(200'000));
  store.snapshot(engine);
  const auto keys = store.keys("packs/");
  const std::uint64_t stored = store.stored_bytes("packs/");
  std::set<std::string> read;
  // Each run misses a pack with a chance of at most 0.8: after 200 runs of all of some, 1 in 10^19.
  for (int run = 0; run < 200; ++run) {
    store.sink->heal();
    const VerifyReport report = keyless(store, {.percent = 20});
    CHECK(report.checked.bytes * 5 >= stored);
    CHECK(report.checked.bytes < stored / 5 + 20'000);
    CHECK(report.checked.packs + report.left.packs == keys.size());
    for (const auto& [call, key] : store.sink->log()) {
      if (call == SinkCall::get && key.starts_with("packs/")) read.insert(key);
    }
  }
  CHECK(read.size() == keys.size());
}

TEST_CASE("without a key a share must be one to a hundred percent, and there must be a repository") {
  Store store(small_packs(false));
  CHECK(code_of([&] { keyless(store, {.percent = 0}); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { keyless(store, {.percent = 101}); }) == ErrorCode::invalid_argument);
  CHECK(keyless(store).ok());
  CHECK(code_of([&] { (void)Repository::verify_keyless(make_memory_sink(), {}, store.context()); }) ==
        ErrorCode::no_repository);
}

TEST_CASE("without a key a store that fails is an error and no damage") {
  Store store(small_packs(false));
  ValueEngine engine(Random(4).bytes(200'000));
  store.snapshot(engine);
  store.sink->inject({.call = SinkCall::get, .prefix = "packs/", .after = 3, .code = ErrorCode::storage_unreachable});
  CHECK(code_of([&] { keyless(store); }) == ErrorCode::storage_unreachable);
}

}  // namespace
}  // namespace dbsnap::testing
