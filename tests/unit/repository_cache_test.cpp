// Repositories in a far store, with and without a cache of what they read and wrote.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "harness/random_data.hpp"
#include "harness/remote_sink.hpp"
#include "harness/temp_folder.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 1024;

/// A repository whose store is far away, opened with a cache in a folder of its own.
class FarStore {
 public:
  explicit FarStore(const CreateOptions& options = {.password = "secret", .pack_size = 1U << 20}) : store(options) {}

  Repository open(bool with_cache = true) {
    OpenOptions options{.password = "secret"};
    if (with_cache) options.cache = CacheOptions{.folder = cache_folder, .size_bytes = 64U << 20};
    return Repository::open(far, options, store.context());
  }

  Manifest snapshot(ValueEngine& engine, bool with_cache = true, BaseData base_data = BaseData::automatic) {
    return snapshot(engine, {.host = "h", .threads = 2, .base_data = base_data}, with_cache);
  }

  Manifest snapshot(ValueEngine& engine, const SnapshotOptions& options, bool with_cache) {
    Repository repository = open(with_cache);
    store.clock.advance(std::chrono::hours(1));
    return repository.snapshot(engine, options, store.context());
  }

  std::uint64_t gets_below(const std::string& prefix) {
    std::uint64_t count = 0;
    for (const auto& [call, key] : store.sink->log()) count += call == SinkCall::get && key.starts_with(prefix) ? 1 : 0;
    return count;
  }

  void expect_restores(const Manifest& manifest, const Bytes& content) {
    ValueEngine target;
    open(false).restore(manifest.id, target, {}, 2, store.context());
    CHECK(target.content == content);
  }

  TempFolder folder;
  std::string cache_folder = folder / "cache";
  Store store;
  std::shared_ptr<RemoteSink> far = std::make_shared<RemoteSink>(store.sink);
};

/// Changes a few bytes in every `step`-th page.
void scatter(Bytes& content, std::size_t step, int value) {
  for (std::size_t page = 0; page < kPages; page += step) content[page * kPage + 100] = static_cast<std::byte>(value);
}

TEST_CASE("with a warm cache scattered changes are stored as deltas and no pack is read") {
  FarStore world;
  ValueEngine engine(Random(1).bytes(kPages * kPage));
  world.snapshot(engine);
  scatter(engine.content, 16, 7);
  world.store.sink->heal();
  const Manifest day = world.snapshot(engine);
  CHECK(day.stats.frames_delta > 0);
  CHECK(day.stats.bytes_stored < 200'000);
  CHECK(world.gets_below("packs/") == 0);
  world.expect_restores(day, engine.content);
}

TEST_CASE("without a cache a far store stores scattered changes whole rather than read everything back") {
  FarStore world;
  ValueEngine engine(Random(2).bytes(kPages * kPage));
  world.snapshot(engine, false);
  scatter(engine.content, 256, 7);
  const Manifest day = world.snapshot(engine, false);
  CHECK(day.stats.frames_delta == 0);
  world.expect_restores(day, engine.content);
}

TEST_CASE("a far store is read for deltas where that is asked for") {
  FarStore world;
  ValueEngine engine(Random(3).bytes(kPages * kPage));
  world.snapshot(engine, false);
  scatter(engine.content, 16, 7);
  const Manifest day = world.snapshot(engine, false, BaseData::always);
  CHECK(day.stats.frames_delta > 0);
  world.expect_restores(day, engine.content);
}

TEST_CASE("deltas that are not wanted are not made") {
  FarStore world;
  ValueEngine engine(Random(4).bytes(kPages * kPage));
  world.snapshot(engine);
  scatter(engine.content, 16, 7);
  CHECK(world.snapshot(engine, true, BaseData::never).stats.frames_delta == 0);
}

TEST_CASE("a cache that was altered on the disk is noticed and the store is asked") {
  FarStore world;
  ValueEngine engine(Random(5).bytes(kPages * kPage));
  world.snapshot(engine);
  for (const std::string& name : files_below(world.cache_folder)) {
    Bytes bytes = read_file(world.cache_folder + "/" + name);
    for (std::size_t at = 50; at < bytes.size(); at += 1000) bytes[at] ^= std::byte{1};
    write_file(world.cache_folder + "/" + name, bytes);
  }
  scatter(engine.content, 16, 7);
  const Manifest day = world.snapshot(engine, true, BaseData::always);
  CHECK(day.warnings.empty());
  CHECK(day.stats.frames_delta > 0);
  world.expect_restores(day, engine.content);
}

TEST_CASE("a cache that is removed between snapshots costs bytes and nothing else") {
  FarStore world;
  ValueEngine engine(Random(6).bytes(kPages * kPage));
  world.snapshot(engine);
  std::filesystem::remove_all(world.cache_folder);
  scatter(engine.content, 256, 7);
  const Manifest day = world.snapshot(engine);
  CHECK(day.stats.frames_delta == 0);
  world.expect_restores(day, engine.content);
}

TEST_CASE("a cache that cannot be written is one warning and no failure") {
  FarStore world;
  std::ofstream(world.cache_folder) << "a file where the folder should be";
  ValueEngine engine(Random(7).bytes(kPages * kPage));
  Context context = world.store.context();
  std::vector<std::string> warnings;
  context.log = [&](LogLevel level, std::string_view text) {
    if (level == LogLevel::warning) warnings.emplace_back(text);
  };
  world.open().snapshot(engine, {}, context);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings.front().find("nothing more is kept in the cache") == 0);
}

TEST_CASE("the cache of an encrypted repository holds nothing in clear") {
  FarStore world;
  const std::string canary = "canary-7c1f-in-the-coal-mine";
  std::string text;
  while (text.size() < 300'000) text += canary + std::to_string(text.size());
  ValueEngine engine(to_bytes(text));
  world.snapshot(engine);
  const auto names = files_below(world.cache_folder);
  REQUIRE_FALSE(names.empty());
  for (const std::string& name : names) {
    CHECK(to_text(read_file(world.cache_folder + "/" + name)).find(canary) == std::string::npos);
  }
}

TEST_CASE("a second list of a far store reads no manifest again") {
  FarStore world;
  ValueEngine engine(Random(8).bytes(kPages));
  for (int i = 0; i < 5; ++i) world.snapshot(engine);
  CHECK(world.open().snapshots({}, world.store.context()).size() == 5);
  world.store.sink->heal();
  CHECK(world.open().snapshots({}, world.store.context()).size() == 5);
  CHECK(world.gets_below("snapshots/") == 0);
}

TEST_CASE("a forgotten snapshot is not listed although the cache has its manifest") {
  FarStore world;
  ValueEngine engine(Random(9).bytes(kPages));
  const Manifest first = world.snapshot(engine);
  const Manifest second = world.snapshot(engine);
  CHECK(world.open().snapshots({}, world.store.context()).size() == 2);
  world.open().forget({first.id}, world.store.context());
  const auto left = world.open().snapshots({}, world.store.context());
  REQUIRE(left.size() == 1);
  CHECK(left.front().id == second.id);
}

TEST_CASE("verify reads the store although the cache has everything") {
  FarStore world;
  ValueEngine engine(Random(10).bytes(kPages * kPage));
  const Manifest manifest = world.snapshot(engine);
  world.store.sink->corrupt(manifest.packs.front().key, 5000);
  CHECK_FALSE(world.open().verify({}, world.store.context()).ok());
}

TEST_CASE("a cache must be somewhere and have some room") {
  FarStore world;
  const auto open_with = [&](const CacheOptions& cache) {
    return code_of([&] { Repository::open(world.far, {.password = "secret", .cache = cache}, world.store.context()); });
  };
  CHECK(open_with({.folder = "relative"}) == ErrorCode::invalid_argument);
  CHECK(open_with({.folder = world.cache_folder, .size_bytes = 1000}) == ErrorCode::invalid_argument);
}

/// Says how many rounds of calls came before its first byte.
class FirstByteWriter final : public EntryWriter {
 public:
  explicit FirstByteWriter(const RemoteSink& sink) : sink_(sink) {}
  void write(std::uint64_t /*offset*/, ByteView bytes) override {
    if (size == 0) rounds = sink_.rounds();
    size += bytes.size();
  }
  unsigned rounds = 0;
  std::uint64_t size = 0;

 private:
  const RemoteSink& sink_;
};

/// One entry of ten mebibytes among five larger ones.
SyntheticData one_small_among_large() {
  SyntheticData data;
  for (int i = 0; i < 5; ++i) data["large" + std::to_string(i)] = {EntryKind::page_file, Random(i).bytes(12U << 20)};
  data["small"] = {EntryKind::page_file, Random(9).bytes(10U << 20)};
  return data;
}

TEST_CASE("one entry out of a large snapshot costs its own bytes, and starts after four rounds of calls") {
  FarStore world;
  SyntheticEngine engine(one_small_among_large());
  const Manifest manifest = world.open(false).snapshot(engine, {}, world.store.context());
  const Repository repository = world.open(false);
  world.store.sink->heal();
  world.far->count_anew();
  world.far->meet(2);
  FirstByteWriter out(*world.far);
  repository.reader(manifest.id, 1, world.store.context())->copy_entry("small", out, world.store.context());
  CHECK(out.size == 10U << 20);
  CHECK(out.rounds <= 4);
  // Frames at the entry's ends may hold bytes of its neighbours; table and manifest are small.
  CHECK(world.store.sink->bytes_got() < (10U << 20) + (3U << 20) / 2);
}

TEST_CASE("a restore asks a far store for several things at once") {
  FarStore world;
  ValueEngine engine(Random(11).bytes(20U << 20));
  const Manifest manifest = world.snapshot(engine, false);
  const Repository repository = world.open(false);
  ValueEngine target;
  // Behind the look-up, the manifest and the chunk table come the frames.
  world.far->meet(3, 4);
  repository.restore(manifest.id, target, {}, 0, world.store.context());
  CHECK(target.content == engine.content);
  CHECK(world.far->have_met());
}

TEST_CASE("a restore reads several frames of a far store by one call") {
  FarStore world({.password = "secret", .pack_size = 16U << 20});
  ValueEngine engine(Random(12).bytes(32U << 20));
  // One thread lays the frames down in the order of the data; two may finish them in another.
  const Manifest manifest = world.snapshot(engine, {.host = "h", .threads = 1}, false);
  const std::uint64_t before = world.gets_below("packs/");
  world.expect_restores(manifest, engine.content);
  // The 32 frames of a mebibyte two by two, and what the chunk table costs.
  CHECK(world.gets_below("packs/") - before <= 18);
}

}  // namespace
}  // namespace dbsnap::testing
