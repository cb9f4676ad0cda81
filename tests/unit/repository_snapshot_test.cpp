// Snapshot: deduplication, deltas, identity of sources and bookkeeping.
#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "dbsnap/version.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

/// Overwrites 60 bytes at `count` places spread over all of `content`.
void scatter(Bytes& content, Random& random, std::size_t count) {
  for (std::size_t n = 0; n < count; ++n) {
    const Bytes patch = random.text(60);
    std::ranges::copy(patch, content.begin() + static_cast<std::ptrdiff_t>(random.below(content.size() - 60)));
  }
}

TEST_CASE("a manifest records what was read") {
  Store store;
  const SyntheticData data = make_data(2);
  SyntheticEngine engine(data);
  const Manifest manifest = store.snapshot(engine, {.tags = {"b", "a"}, .host = "web1"});
  CHECK(manifest.source.engine == "synthetic");
  CHECK(manifest.source.host == "web1");
  CHECK(std::set<std::string>(manifest.tags.begin(), manifest.tags.end()) == std::set<std::string>{"a", "b"});
  CHECK(manifest.tool_version == version());
  CHECK(manifest.format == repository_format());
  CHECK(manifest.parent.empty());
  CHECK(manifest.started <= manifest.time);
  CHECK(manifest.time <= manifest.finished);
  CHECK(manifest.stats.bytes_read == size_of(data));
  CHECK(manifest.stats.bytes_new <= size_of(data));
  CHECK(manifest.consistency_point.at("entries") == FactValue(static_cast<std::int64_t>(data.size())));
  REQUIRE(manifest.entries.size() == data.size());
  for (const ManifestEntry& entry : manifest.entries) {
    CHECK(entry.size == data.at(entry.name).content.size());
    CHECK(entry.kind == data.at(entry.name).kind);
    CHECK(entry.facts.contains("sha256"));
  }
  std::uint64_t pack_bytes = 0;
  for (const PackInfo& pack : manifest.packs) {
    const auto object = store.memory->stat(pack.key, {});
    REQUIRE(object.has_value());
    CHECK(object->size == pack.size);
    pack_bytes += pack.size;
  }
  CHECK(pack_bytes == store.stored_bytes("packs/"));
  CHECK(manifest.stats.bytes_stored == pack_bytes);
  CHECK(manifest.stats.packs_written == manifest.packs.size());
  const Manifest again = store.repository.manifest(manifest.id, store.context());
  CHECK(again.entries.size() == manifest.entries.size());
  CHECK(again.time == manifest.time);
  CHECK(again.packs.front().sha256 == manifest.packs.front().sha256);
}

TEST_CASE("an unchanged source costs next to nothing") {
  Store store;
  ValueEngine engine(Random(3).pages(24 * kMiB));
  const Manifest first = store.snapshot(engine);
  const std::uint64_t before = store.stored_bytes();
  const Manifest second = store.snapshot(engine);
  CHECK(second.parent == first.id);
  CHECK(second.stats.bytes_read == 24 * kMiB);
  CHECK(second.stats.bytes_new == 0);
  CHECK(second.stats.chunks_new == 0);
  CHECK(second.stats.packs_written == 0);
  CHECK(store.stored_bytes() - before < 8 * 1024);
  CHECK(second.entries.front().digest == first.entries.front().digest);
}

TEST_CASE("small changes all over a page file cost what changed") {
  Store store;
  Random random(4);
  ValueEngine engine(random.pages(16 * kMiB));
  store.snapshot(engine);
  scatter(engine.content, random, 400);
  const Bytes state = engine.content;
  const Manifest delta = store.snapshot(engine);
  const Manifest whole = store.snapshot(engine, {.use_parent = false});
  CHECK(delta.stats.frames_delta > 0);
  CHECK(delta.stats.bytes_new > 12 * kMiB);
  CHECK(whole.parent.empty());
  CHECK(whole.stats.bytes_new == 16 * kMiB);
  CHECK(delta.stats.bytes_stored * 20 < whole.stats.bytes_stored);
  ValueEngine target;
  store.repository.restore(delta.id, target, {}, 2, store.context());
  CHECK(target.content == state);
}

TEST_CASE("lines inserted and removed in a stream cost what changed") {
  Store store;
  Random random(5);
  ValueEngine engine(random.text(8 * kMiB), EntryKind::stream);
  const Manifest first = store.snapshot(engine);
  for (int n = 0; n < 20; ++n) {
    const auto at = static_cast<std::ptrdiff_t>(random.below(engine.content.size()));
    const Bytes lines = random.text(100);
    engine.content.insert(engine.content.begin() + at, lines.begin(), lines.end());
    engine.content.erase(engine.content.begin() +
                         static_cast<std::ptrdiff_t>(random.below(engine.content.size() - 99)));
  }
  const Bytes state = engine.content;
  const Manifest second = store.snapshot(engine);
  CHECK(second.stats.bytes_new < engine.content.size() * 3 / 4);
  CHECK(second.stats.bytes_stored * 20 < first.stats.bytes_stored);
  ValueEngine target;
  store.repository.restore(second.id, target, {}, 2, store.context());
  CHECK(target.content == state);
}

TEST_CASE("thousands of entries from several threads all arrive") {
  Store store;
  SyntheticShape shape;
  shape.page_files = 200;
  shape.page_file_size = 8 * 4096;
  shape.streams = 300;
  shape.stream_size = 2000;
  shape.tiny_entries = 4500;
  const auto place = std::make_shared<SyntheticPlace>(make_data(8, shape));
  SyntheticEngine engine(place);
  const Manifest first = store.snapshot(engine, {.threads = 4});
  CHECK(first.entries.size() == 5000);
  CHECK(place->counters().most_readers > 1);
  CHECK(place->counters().finished_undrained == 0);
  CHECK(store.restored(first.id) == place->data().value());
  const Manifest second = store.snapshot(engine, {.threads = 4});
  CHECK(second.stats.bytes_new == 0);
}

TEST_CASE("an engine's size hints and read sizes do not change the snapshot") {
  using SizeHint = SyntheticFaults::SizeHint;
  Store store;
  const SyntheticData data = make_data(9);
  const auto place = std::make_shared<SyntheticPlace>(data);
  SyntheticEngine engine(place);
  for (const SizeHint hint : {SizeHint::none, SizeHint::too_small, SizeHint::too_large, SizeHint::absurd}) {
    SyntheticFaults faults;
    faults.size_hint = hint;
    faults.short_reads = true;
    place->set_faults(faults);
    const Manifest manifest = store.snapshot(engine, {.use_parent = false});
    CHECK(manifest.stats.bytes_read == size_of(data));
    CHECK(store.restored(manifest.id) == data);
  }
}

TEST_CASE("an empty database and an empty entry are snapshots too") {
  Store store;
  SyntheticEngine nothing(SyntheticData{});
  CHECK(store.restored(store.snapshot(nothing).id).empty());
  SyntheticEngine empty(SyntheticData{{"a", {EntryKind::stream, {}}}, {"b", {EntryKind::page_file, {}}}}, "empty");
  CHECK(store.restored(store.snapshot(empty).id).size() == 2);
}

TEST_CASE("sources are told apart by host and URL, or by the name they are given") {
  Store store;
  SyntheticEngine engine(make_data(10));
  const Manifest one = store.snapshot(engine, {.host = "web1"});
  const Manifest other_host = store.snapshot(engine, {.host = "web2"});
  const Manifest same_host = store.snapshot(engine, {.host = "web1"});
  const Manifest named = store.snapshot(engine, {.host = "web1", .source_name = "shop"});
  const Manifest moved = store.snapshot(engine, {.host = "web2", .source_name = "shop"});
  CHECK(one.source_key != other_host.source_key);
  CHECK(one.source_key == same_host.source_key);
  CHECK(same_host.parent == one.id);
  CHECK(other_host.parent.empty());
  CHECK(named.source_key != one.source_key);
  CHECK(moved.source_key == named.source_key);
  CHECK(moved.parent == named.id);
}

TEST_CASE("the recorded time can be given, and the parent is still the last one taken") {
  Store store;
  SyntheticEngine engine(make_data(11));
  const TimePoint past = store.clock.now() - std::chrono::hours(24 * 365);
  const Manifest now = store.snapshot(engine);
  const Manifest old = store.snapshot(engine, {.time = past});
  CHECK(old.time == past);
  CHECK(old.parent == now.id);
  CHECK(store.ids() == std::vector<std::string>{now.id, old.id});
}

TEST_CASE("a source that fails at any point leaves no snapshot and is left in peace") {
  Store store;
  const auto place = std::make_shared<SyntheticPlace>(make_data(12));
  SyntheticEngine engine(place);
  const std::string good = store.snapshot(engine).id;
  SyntheticFaults faults;
  SUBCASE("begin") { faults.fail_begin = true; }
  SUBCASE("first entry") { faults.fail_next_at = 0; }
  SUBCASE("a later entry") { faults.fail_next_at = 3; }
  SUBCASE("first read") { faults.fail_read_at = 0; }
  SUBCASE("a later read") { faults.fail_read_at = 7; }
  SUBCASE("finish") { faults.fail_finish = true; }
  place->set_faults(faults);
  place->change(1);
  CHECK(code_of([&] { store.snapshot(engine); }) == ErrorCode::source_unreachable);
  CHECK(store.ids() == std::vector<std::string>{good});
  CHECK(place->counters().sessions_open == 0);
  place->set_faults({});
  const Manifest next = store.snapshot(engine);
  CHECK(next.parent == good);
  CHECK(store.restored(next.id) == place->data().value());
  CHECK(store.plan({}).unfinished.empty());
}

TEST_CASE("two entries of the same name are refused") {
  Store store;
  class TwiceSession final : public Session {
   public:
    std::optional<Entry> next(const Context&) override {
      if (left_.fetch_sub(1) <= 0) return std::nullopt;
      return Entry{"same", EntryKind::stream, std::nullopt, {}, reader_over(to_bytes("x"))};
    }
    SessionResult finish(const Context&) override { return {}; }

   private:
    std::atomic<int> left_{2};
  };
  class TwiceEngine final : public Snapshotter {
   public:
    SourceInfo describe() const override { return {"twice", "twice:///x", "x", ""}; }
    std::unique_ptr<Session> begin(const SnapshotRequest&, const Context&) override {
      return std::make_unique<TwiceSession>();
    }
    void restore(SnapshotReader&, const RestoreOptions&, const Context&) override {}
    void check_restored(const Context&) override {}
    std::unique_ptr<Snapshotter> scratch_target(const std::string&) const override {
      return std::make_unique<TwiceEngine>();
    }
  };
  TwiceEngine engine;
  CHECK_THROWS_AS(store.snapshot(engine), Error);
  CHECK(store.ids().empty());
}

TEST_CASE("a snapshot whose parent has lost a pack stores what it needs anew") {
  Store store;
  Random random(13);
  ValueEngine engine(random.pages(4 * kMiB));
  const Manifest first = store.snapshot(engine);
  for (const PackInfo& pack : first.packs) store.memory->remove(pack.key, {});
  scatter(engine.content, random, 10);
  const Manifest second = store.snapshot(engine);
  ValueEngine target;
  store.repository.restore(second.id, target, {}, 1, store.context());
  CHECK(target.content == engine.content);
}

TEST_CASE("settings out of range are refused before the source is touched") {
  Store store;
  const auto place = std::make_shared<SyntheticPlace>(make_data(14));
  SyntheticEngine engine(place);
  CHECK(code_of([&] { store.snapshot(engine, {.compression_level = 0}); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { store.snapshot(engine, {.compression_level = 20}); }) == ErrorCode::invalid_argument);
  CHECK(place->counters().sessions_begun == 0);
}

TEST_CASE("a progress callback that throws at the very end takes the snapshot back") {
  Store store;
  SyntheticEngine engine(make_data(26));
  const std::string good = store.snapshot(engine).id;
  struct MyOwn {};
  Context context = store.context();
  context.on_progress = [&](const Progress& progress) {
    if (progress.phase == Phase::commit && store.keys("snapshots/").size() == 2) throw MyOwn{};
  };
  CHECK_THROWS_AS(store.repository.snapshot(engine, {}, context), MyOwn);
  CHECK(store.ids() == std::vector{good});
  CHECK(store.plan({}).unfinished.empty());
}

TEST_CASE("after verify has found damage the next snapshot uses nothing of it") {
  Store store;
  ValueEngine engine(Random(23).pages(2 * kMiB));
  const Manifest bad = store.snapshot(engine);
  Bytes pack = store.memory->get(bad.packs.front().key, {}, {});
  pack[1000] ^= std::byte{4};
  store.memory->put(bad.packs.front().key, pack, {}, {});
  CHECK_FALSE(store.repository.verify({}, store.context()).ok());
  const Manifest next = store.snapshot(engine);
  CHECK(next.parent == bad.id);
  CHECK(std::ranges::none_of(next.packs, [&](const PackInfo& needed) { return needed.key == bad.packs.front().key; }));
  CHECK(store.repository.verify({.ids = {next.id}}, store.context()).ok());
  ValueEngine target;
  store.repository.restore(next.id, target, {}, 1, store.context());
  CHECK(target.content == engine.content);
}

TEST_CASE("a snapshot whose last answer was lost is not listed after it was reported as failed") {
  Store store;
  SyntheticEngine engine(make_data(24));
  const std::string good = store.snapshot(engine).id;
  engine.place().change(1);
  store.sink->inject({.call = SinkCall::put, .prefix = "snapshots/", .after_effect = true});
  CHECK_THROWS_AS(store.snapshot(engine), Error);
  CHECK(store.ids() == std::vector{good});
  store.prune({.last = 1});
  CHECK(store.keys("snapshots/").size() == 1);
  CHECK(store.restored(good) == make_data(24));
  CHECK(store.restored(store.snapshot(engine).id) == engine.place().data().value());
}

}  // namespace
}  // namespace dbsnap::testing
