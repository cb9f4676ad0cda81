// Verify at its levels, and what it does to snapshots that it finds damaged.
#include <algorithm>
#include <string>
#include <vector>

#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

constexpr VerifyLevel kLevels[] = {VerifyLevel::listing, VerifyLevel::tables, VerifyLevel::packs, VerifyLevel::frames,
                                   VerifyLevel::data};

VerifyReport verify(Store& store, VerifyLevel level, const std::vector<std::string>& ids = {}) {
  const TempFolder scratch;
  VerifyOptions options{.level = level, .ids = ids, .scratch_folder = scratch.path()};
  options.engine = [](const Manifest&) {
    return std::make_unique<SyntheticEngine>(std::make_shared<SyntheticPlace>());
  };
  return store.repository.verify(options, store.context());
}

TEST_CASE("a sound repository passes every level") {
  Store store;
  SyntheticEngine engine(make_data(1));
  store.snapshot(engine);
  engine.place().change(1);
  store.snapshot(engine);
  for (const VerifyLevel level : kLevels) {
    const VerifyReport report = verify(store, level);
    CHECK(report.ok());
    CHECK(report.snapshots == 2);
    CHECK(report.objects >= store.keys("packs/").size());
    CHECK(report.checked.packs == (level < VerifyLevel::packs ? 0 : report.needed.packs));
    if (level < VerifyLevel::frames) continue;
    CHECK(report.frames > 0);
    CHECK(report.bytes > 0);
  }
}

TEST_CASE("verify can look at chosen snapshots only") {
  Store store;
  SyntheticEngine shop(make_data(1), "shop");
  SyntheticEngine blog(make_data(2), "blog");
  const Manifest good = store.snapshot(shop);
  const Manifest bad = store.snapshot(blog);
  store.sink->lose(bad.packs.front().key);
  CHECK(verify(store, VerifyLevel::frames, {good.id}).ok());
  CHECK_FALSE(verify(store, VerifyLevel::listing, {bad.id}).ok());
  CHECK(code_of([&] { verify(store, VerifyLevel::listing, {std::string(32, '0')}); }) == ErrorCode::not_found);
}

TEST_CASE("a lost or cut pack is found by every level and named with its snapshot") {
  Store store;
  SyntheticEngine engine(make_data(1));
  const Manifest manifest = store.snapshot(engine);
  const std::string pack = manifest.packs.front().key;
  SUBCASE("lost") { store.sink->lose(pack); }
  SUBCASE("cut") { store.sink->truncate(pack, 100); }
  for (const VerifyLevel level : kLevels) {
    const VerifyReport report = verify(store, level);
    REQUIRE_FALSE(report.ok());
    CHECK(report.damage.front().object == pack);
    CHECK(report.damage.front().snapshot == manifest.id);
    CHECK_FALSE(report.damage.front().what.empty());
  }
}

TEST_CASE("a changed byte anywhere in a pack is found by frames, and a restore refuses the bytes") {
  for (const bool encrypted : {false, true}) {
    CreateOptions options{.encrypt = encrypted};
    if (encrypted) options.password = "right";
    Store store(options);
    ValueEngine engine(Random(1).text(300'000), EntryKind::stream);
    const Manifest manifest = store.snapshot(engine);
    const PackInfo pack = manifest.packs.front();
    Random random(encrypted ? 2 : 3);
    std::size_t refused = 0;
    for (int n = 0; n < 60; ++n) {
      const std::uint64_t offset = n == 0 ? 0 : n == 1 ? pack.size - 1 : random.below(pack.size);
      CAPTURE(offset);
      store.sink->heal();
      store.sink->corrupt(pack.key, offset, std::byte(1U << random.below(8)));
      Store& here = store;
      const VerifyReport report = here.repository.verify({.level = VerifyLevel::frames}, here.context());
      CHECK_FALSE(report.ok());
      ValueEngine target;
      try {
        store.repository.restore(manifest.id, target, {}, 1, store.context());
        CHECK(target.content == engine.content);
      } catch (const Error& error) {
        ++refused;
        CHECK(error.code() == ErrorCode::damaged);
        const std::string all = error.message() + " " + error.why();
        CHECK(all.find(manifest.id) != std::string::npos);
        CHECK(all.find(pack.key) != std::string::npos);
      }
    }
    CHECK(refused > 30);
  }
}

TEST_CASE("a snapshot that was found damaged is listed as such until it is sound again") {
  Store store;
  SyntheticEngine engine(make_data(1));
  const Manifest manifest = store.snapshot(engine);
  store.sink->corrupt(manifest.packs.front().key, 200);
  CHECK_FALSE(verify(store, VerifyLevel::frames).ok());
  CHECK_FALSE(store.repository.snapshots({}, store.context()).front().good);
  store.sink->heal();
  CHECK(verify(store, VerifyLevel::frames).ok());
  CHECK(store.repository.snapshots({}, store.context()).front().good);
}

TEST_CASE("retention keeps the newest good snapshot rather than a newer damaged one") {
  Store store;
  SyntheticEngine engine(make_data(1));
  const std::string good = store.snapshot(engine).id;
  engine.place().change(3);
  const Manifest bad = store.snapshot(engine, {.use_parent = false});
  store.sink->corrupt(bad.packs.front().key, 200);
  CHECK_FALSE(verify(store, VerifyLevel::frames).ok());
  store.sink->heal();
  store.prune({.last = 0, .minimum = 0});
  CHECK(store.ids() == std::vector{good});
  CHECK(store.restored(good) == make_data(1));
}

TEST_CASE("damage in a shared pack is reported for every snapshot that needs it") {
  Store store;
  SyntheticEngine engine(make_data(1));
  const Manifest first = store.snapshot(engine);
  engine.place().change(1);
  const Manifest second = store.snapshot(engine);
  store.sink->lose(first.packs.front().key);
  const VerifyReport report = verify(store, VerifyLevel::listing);
  for (const std::string& id : {first.id, second.id}) {
    CHECK(std::ranges::any_of(report.damage, [&](const Damage& damage) { return damage.snapshot == id; }));
  }
}

TEST_CASE("a damaged manifest is reported and the other snapshots are still checked") {
  Store store;
  SyntheticEngine shop(make_data(1), "shop");
  SyntheticEngine blog(make_data(2), "blog");
  store.snapshot(shop);
  const Manifest bad = store.snapshot(blog);
  const std::string key = store.keys("snapshots/" + bad.source_key + "/").front();
  store.sink->corrupt(key, 50);
  const VerifyReport report = verify(store, VerifyLevel::frames);
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage.front().object == key);
  CHECK(report.damage.front().snapshot == bad.id);
}

TEST_CASE("data needs an engine and finds what the engine does not accept") {
  Store store;
  SyntheticEngine engine(make_data(1));
  const Manifest manifest = store.snapshot(engine);
  CHECK(code_of([&] { (void)store.repository.verify({.level = VerifyLevel::data}, store.context()); }) ==
        ErrorCode::invalid_argument);
  class Sceptic final : public Snapshotter {
   public:
    SourceInfo describe() const override { return {"synthetic", "synthetic:///x", "x", ""}; }
    std::unique_ptr<Session> begin(const SnapshotRequest&, const Context&) override {
      throw Error(ErrorCode::unsupported, "only restores");
    }
    void restore(SnapshotReader&, const RestoreOptions&, const Context&) override {}
    void check_restored(const Context&) override { throw Error(ErrorCode::damaged, "row 7 is missing"); }
    std::unique_ptr<Snapshotter> scratch_target(const std::string&) const override {
      return std::make_unique<Sceptic>();
    }
  };
  const TempFolder scratch;
  VerifyOptions options{.level = VerifyLevel::data, .scratch_folder = scratch.path()};
  options.engine = [](const Manifest&) { return std::make_unique<Sceptic>(); };
  const VerifyReport report = store.repository.verify(options, store.context());
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage.front().snapshot == manifest.id);
  CHECK(report.damage.front().what.find("row 7 is missing") != std::string::npos);
  CHECK(files_below(scratch.path()).empty());
}

TEST_CASE("a store that fails during verify is an error and no damage") {
  Store store;
  SyntheticEngine engine(make_data(1));
  store.snapshot(engine);
  store.sink->inject({.call = SinkCall::get, .prefix = "packs/", .code = ErrorCode::storage_unreachable});
  CHECK(code_of([&] { verify(store, VerifyLevel::frames); }) == ErrorCode::storage_unreachable);
  store.sink->heal();
  CHECK(store.repository.snapshots({}, store.context()).front().good);
}

}  // namespace
}  // namespace dbsnap::testing
