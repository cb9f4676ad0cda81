// Restore: whatever was backed up comes back, and nothing is harmed when it cannot.
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

std::uint64_t bytes_got_by(Store& store, const std::string& id, ValueEngine& target) {
  store.sink->heal();
  store.repository.restore(id, target, {}, 1, store.context());
  return store.sink->bytes_got();
}

TEST_CASE("a restored snapshot is what was backed up") {
  const SyntheticData data = make_data(1);
  SUBCASE("plain") {
    Store store;
    SyntheticEngine engine(data);
    CHECK(store.restored(store.snapshot(engine).id) == data);
  }
  SUBCASE("encrypted") {
    Store store({.password = "right"});
    SyntheticEngine engine(data);
    CHECK(store.restored(store.snapshot(engine).id) == data);
  }
  SUBCASE("on the caller's thread alone") {
    Store store;
    SyntheticEngine engine(data);
    CHECK(store.restored(store.snapshot(engine, {.threads = 1}).id) == data);
  }
  SUBCASE("with small chunks, frames and packs") {
    Store store({.encrypt = false, .chunk_size = 4096, .frame_size = 16384, .pack_size = 1 << 20});
    SyntheticEngine engine(data);
    CHECK(store.restored(store.snapshot(engine).id) == data);
  }
}

TEST_CASE("a month of daily snapshots restores day by day, and the last day reads little more than the first") {
  Store store;
  Random random(6);
  ValueEngine engine(random.pages(4 * kMiB));
  std::vector<std::pair<std::string, Bytes>> days;
  for (int day = 0; day <= 30; ++day) {
    const Manifest manifest = store.snapshot(engine);
    if (day > 0) CHECK(manifest.stats.bytes_stored < days.front().second.size() / 4);
    days.emplace_back(manifest.id, engine.content);
    scatter(engine.content, random, 40);
  }
  ValueEngine target;
  for (const auto& [id, content] : days) {
    store.repository.restore(id, target, {}, 2, store.context());
    CHECK(target.content == content);
  }
  const std::uint64_t first = bytes_got_by(store, days.front().first, target);
  const std::uint64_t last = bytes_got_by(store, days.back().first, target);
  CHECK(last < 4 * first);
}

TEST_CASE("a source that keeps changing restores at every state") {
  Store store({.encrypt = false, .chunk_size = 4096, .frame_size = 32768, .pack_size = 1 << 20});
  const auto place = std::make_shared<SyntheticPlace>(make_data(7));
  SyntheticEngine engine(place);
  std::vector<std::pair<std::string, SyntheticData>> states;
  for (std::uint64_t day = 0; day < 25; ++day) {
    states.emplace_back(store.snapshot(engine).id, place->data().value());
    place->change(day);
  }
  for (const auto& [id, data] : states) {
    CAPTURE(id);
    CHECK(store.restored(id) == data);
  }
}

/// A snapshot of `content`, and the same bytes back.
void check_round_trip(Store& store, ValueEngine& engine, const Bytes& content) {
  engine.content = content;
  const Manifest manifest = store.snapshot(engine);
  ValueEngine target;
  store.repository.restore(manifest.id, target, {}, 2, store.context());
  CHECK(target.content == content);
}

TEST_CASE("repeated, moved, removed and empty content all come back") {
  Store store({.encrypt = false, .chunk_size = 4096, .frame_size = 16384, .pack_size = 1 << 20});
  for (const EntryKind kind : {EntryKind::page_file, EntryKind::stream}) {
    ValueEngine engine({}, kind, kind == EntryKind::stream ? "stream" : "pages");
    Random random(21);
    const Bytes block = random.text(50'000);
    const Bytes other = random.bytes(70'000);
    const auto join = [](std::initializer_list<const Bytes*> parts) {
      Bytes all;
      for (const Bytes* part : parts) all.insert(all.end(), part->begin(), part->end());
      return all;
    };
    const Bytes zeros(2 * kMiB);
    for (const Bytes& content :
         {join({&block, &block, &other, &block}), join({&other, &block}), zeros, join({&block, &zeros, &other}),
          join({&zeros, &block, &zeros, &block}), Bytes{}, Bytes(1, std::byte{7}), Bytes(4096),
          Bytes(4097, std::byte{1}), join({&other, &other, &other}), join({&block, &other, &block, &other}), other,
          join({&other, &zeros})}) {
      check_round_trip(store, engine, content);
    }
  }
  CHECK(store.repository.verify({}, store.context()).ok());
}

TEST_CASE("an entry that changes its kind is stored anew") {
  Store store;
  SyntheticData data = {{"x", {EntryKind::page_file, Random(22).pages(kMiB)}}};
  const auto place = std::make_shared<SyntheticPlace>(data);
  SyntheticEngine engine(place);
  store.snapshot(engine);
  data["x"].kind = EntryKind::stream;
  place->set(data);
  CHECK(store.restored(store.snapshot(engine).id) == data);
}

TEST_CASE("tables of tables hold an entry of very many chunks, and an unchanged one costs nothing") {
  Store store({.encrypt = false, .chunk_size = 4096, .frame_size = 64 * 1024, .pack_size = 16 << 20});
  constexpr std::uint64_t kSize = 300 * kMiB;
  std::uint64_t changed_at = kSize;
  ValueEngine engine;
  engine.read_with([&] {
    return std::make_unique<FunctionReader>(
        [&changed_at, at = std::uint64_t{0}](MutableByteView out, const Context&) mutable {
          const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), kSize - at));
          for (std::size_t n = 0; n < size; ++n) {
            const std::uint64_t position = at + n;
            out[n] = static_cast<std::byte>(position >> 12U ^ position >> 20U) ^ std::byte{position == changed_at};
          }
          at += size;
          return size;
        });
  });
  const Manifest first = store.snapshot(engine);
  CHECK(first.entries.front().table_level == 2);
  CHECK(first.entries.front().chunks == kSize / 4096);
  changed_at = 200 * kMiB + 5;
  const std::uint64_t before = store.stored_bytes();
  const Manifest second = store.snapshot(engine);
  CHECK(second.stats.chunks_new == 1);
  CHECK(store.stored_bytes() - before < 32 * 1024);
  const DiffReport diff = store.repository.diff(first.id, second.id, store.context());
  CHECK(diff.entries.front().chunks_changed == 1);
  CHECK(store.repository.verify({.ids = {second.id}}, store.context()).ok());
}

TEST_CASE("a restore reports what it wrote and refuses what it must") {
  Store store;
  const SyntheticData data = make_data(15);
  SyntheticEngine engine(data);
  const std::string id = store.snapshot(engine).id;
  const RestoreReport report = store.repository.restore(id, engine, {.overwrite = true}, 2, store.context());
  CHECK(report.id == id);
  CHECK(report.bytes == size_of(data));
  CHECK(report.entries == data.size());
  CHECK(code_of([&] { store.repository.restore(id, engine, {}, 2, store.context()); }) == ErrorCode::target_not_empty);
  CHECK(code_of([&] { store.repository.restore(std::string(32, '0'), engine, {}, 2, store.context()); }) ==
        ErrorCode::not_found);
}

TEST_CASE("a restore that fails midway leaves what was there") {
  Store store;
  const SyntheticData data = make_data(16);
  const auto place = std::make_shared<SyntheticPlace>(data);
  SyntheticEngine engine(place);
  const std::string id = store.snapshot(engine).id;
  place->change(1);
  const SyntheticData changed = place->data().value();
  SyntheticFaults faults;
  faults.fail_write_at = 3;
  place->set_faults(faults);
  CHECK(code_of([&] { store.repository.restore(id, engine, {.overwrite = true}, 2, store.context()); }) ==
        ErrorCode::no_space);
  CHECK(place->data() == changed);
}

TEST_CASE("a restore from a store that fails at any call leaves the target alone and can be repeated") {
  Store store;
  const SyntheticData data = make_data(25);
  SyntheticEngine engine(data);
  const std::string id = store.snapshot(engine).id;
  for (std::uint64_t call = 0; call < 300; ++call) {
    SyntheticEngine target(std::make_shared<SyntheticPlace>());
    store.sink->heal();
    store.sink->fail_call(call, ErrorCode::storage_unreachable);
    try {
      store.repository.restore(id, target, {}, 2, store.context());
      CHECK(target.place().data() == data);
      if (!store.sink->fired()) {
        CHECK(call > 2);
        return;
      }
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::storage_unreachable);
      CHECK_FALSE(target.place().data().has_value());
    }
  }
  FAIL("the restore never got through");
}

TEST_CASE("one entry of a snapshot can be read alone") {
  Store store;
  const SyntheticData data = make_data(17);
  SyntheticEngine engine(data);
  const auto reader = store.repository.reader(store.snapshot(engine).id, 1, store.context());
  GatheringWriter writer;
  reader->copy_entry("table/00000", writer, store.context());
  CHECK(writer.content == data.at("table/00000").content);
  CHECK(code_of([&] { reader->copy_entry("absent", writer, store.context()); }) == ErrorCode::not_found);
}

}  // namespace
}  // namespace dbsnap::testing
