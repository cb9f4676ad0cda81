// Finding snapshots: list, resolve, pins, forget, diff and stats.
#include <algorithm>
#include <string>
#include <vector>

#include "dbsnap/json.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

/// Two sources, "shop" with three snapshots and "blog" with one, which is the newest.
class Shelf : public Store {
 public:
  Shelf() {
    for (const char* tag : {"a", "b", "c"}) shop.push_back(snapshot(shop_engine, {.tags = {tag, "all"}}));
    blog = snapshot(blog_engine);
  }

  std::string resolve(const std::string& text, const SnapshotFilter& filter = {}) {
    return repository.resolve(text, filter, context());
  }
  std::string resolve_at(TimePoint time, const SnapshotFilter& filter = {}) {
    return repository.resolve_at(time, filter, context());
  }

  SyntheticEngine shop_engine{make_data(1), "shop"};
  SyntheticEngine blog_engine{make_data(2), "blog"};
  std::vector<Manifest> shop;
  Manifest blog;
};

TEST_CASE("snapshots are listed newest first with what people need to know") {
  Shelf shelf;
  const auto list = shelf.repository.snapshots({}, shelf.context());
  REQUIRE(list.size() == 4);
  CHECK(std::ranges::is_sorted(list, std::greater<>(), &SnapshotSummary::time));
  const SnapshotSummary& first = list.back();
  CHECK(first.id == shelf.shop[0].id);
  CHECK(first.source.name == "shop");
  CHECK(first.source_key == shelf.shop[0].source_key);
  CHECK(first.time == shelf.shop[0].time);
  CHECK(first.size == size_of(make_data(1)));
  CHECK(first.stored >= shelf.shop[0].stats.bytes_stored);
  CHECK(first.entries == make_data(1).size());
  CHECK(std::ranges::find(first.tags, "a") != first.tags.end());
  CHECK_FALSE(first.pinned);
  CHECK(first.good);
}

TEST_CASE("a filter matches a source by name, URL, key or engine, and all tags") {
  Shelf shelf;
  CHECK(shelf.ids({.source = "shop"}).size() == 3);
  CHECK(shelf.ids({.source = "synthetic:///blog"}) == std::vector{shelf.blog.id});
  CHECK(shelf.ids({.source = shelf.blog.source_key}) == std::vector{shelf.blog.id});
  CHECK(shelf.ids({.source = "synthetic"}).size() == 4);
  CHECK(shelf.ids({.source = "sho"}).empty());
  CHECK(shelf.ids({.tags = {"all"}}).size() == 3);
  CHECK(shelf.ids({.tags = {"all", "b"}}) == std::vector{shelf.shop[1].id});
  CHECK(shelf.ids({.source = "blog", .tags = {"all"}}).empty());
}

TEST_CASE("a snapshot is named by its id or the beginning of it") {
  Shelf shelf;
  const std::string id = shelf.shop[1].id;
  CHECK(shelf.resolve(id) == id);
  CHECK(shelf.resolve(id.substr(0, 12)) == id);
  CHECK(code_of([&] { shelf.resolve(id.substr(0, 3)); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { shelf.resolve(""); }) == ErrorCode::invalid_argument);
  CHECK(code_of([&] { shelf.resolve("zzzz"); }) != ErrorCode::internal);
  CHECK(code_of([&] { shelf.resolve(std::string(32, '0')); }) == ErrorCode::not_found);
  CHECK(code_of([&] { shelf.resolve("000000"); }) == ErrorCode::not_found);
}

TEST_CASE("latest is the newest by recorded time, and asks for a source where there are several") {
  Shelf shelf;
  CHECK(code_of([&] { shelf.resolve("latest"); }) == ErrorCode::invalid_argument);
  CHECK(shelf.resolve("latest", {.source = "blog"}) == shelf.blog.id);
  CHECK(shelf.resolve("latest", {.source = "shop"}) == shelf.shop[2].id);
  CHECK(shelf.resolve("latest", {.tags = {"b"}}) == shelf.shop[1].id);
  CHECK(code_of([&] { shelf.resolve("latest", {.source = "none"}); }) == ErrorCode::not_found);
  shelf.snapshot(shelf.shop_engine, {.time = shelf.shop[0].time});
  CHECK(shelf.resolve("latest", {.source = "shop"}) == shelf.shop[2].id);
}

TEST_CASE("a moment names the newest snapshot that is not later") {
  Shelf shelf;
  const SnapshotFilter filter{.source = "shop"};
  CHECK(shelf.resolve_at(shelf.shop[1].time, filter) == shelf.shop[1].id);
  CHECK(shelf.resolve_at(shelf.shop[2].time - std::chrono::nanoseconds(1), filter) == shelf.shop[1].id);
  CHECK(shelf.resolve_at(shelf.clock.now() + std::chrono::hours(999), filter) == shelf.shop[2].id);
  const ErrorCode code = code_of([&] { shelf.resolve_at(shelf.shop[0].time - std::chrono::nanoseconds(1), filter); });
  CHECK((code == ErrorCode::not_found || code == ErrorCode::point_in_time_unreachable));
}

TEST_CASE("an empty repository has nothing to list, and says so when asked for the latest") {
  Store store;
  CHECK(store.ids().empty());
  CHECK(code_of([&] { (void)store.repository.resolve("latest", {}, store.context()); }) == ErrorCode::not_found);
}

TEST_CASE("a forgotten snapshot is gone from everything but the packs") {
  Shelf shelf;
  const std::string id = shelf.shop[1].id;
  const std::uint64_t packs = shelf.stored_bytes("packs/");
  shelf.repository.forget({id}, shelf.context());
  CHECK(shelf.ids().size() == 3);
  CHECK(shelf.stored_bytes("packs/") == packs);
  CHECK(code_of([&] { shelf.resolve(id); }) == ErrorCode::not_found);
  CHECK(code_of([&] { (void)shelf.repository.manifest(id, shelf.context()); }) == ErrorCode::not_found);
  CHECK(code_of([&] { shelf.restored(id); }) == ErrorCode::not_found);
  CHECK(code_of([&] { shelf.repository.forget({id}, shelf.context()); }) == ErrorCode::not_found);
  CHECK(shelf.restored(shelf.shop[2].id) == make_data(1));
}

TEST_CASE("forgetting several is refused as a whole when one does not exist") {
  Shelf shelf;
  CHECK(code_of([&] {
          shelf.repository.forget({shelf.shop[0].id, std::string(32, '0')}, shelf.context());
        }) == ErrorCode::not_found);
  CHECK(shelf.ids().size() == 4);
}

TEST_CASE("a pinned snapshot can not be forgotten until it is unpinned") {
  Shelf shelf;
  const std::string id = shelf.shop[0].id;
  shelf.repository.pin(id, shelf.context());
  shelf.repository.pin(id, shelf.context());
  CHECK(shelf.repository.snapshots({}, shelf.context()).back().pinned);
  CHECK_THROWS_AS(shelf.repository.forget({id}, shelf.context()), Error);
  CHECK(shelf.ids().size() == 4);
  shelf.repository.unpin(id, shelf.context());
  shelf.repository.unpin(id, shelf.context());
  CHECK_FALSE(shelf.repository.snapshots({}, shelf.context()).back().pinned);
  shelf.repository.pin(id, shelf.context());
  shelf.repository.unpin(id, shelf.context());
  shelf.repository.forget({id}, shelf.context());
  CHECK(shelf.ids().size() == 3);
  CHECK(code_of([&] { shelf.repository.pin(id, shelf.context()); }) == ErrorCode::not_found);
}

TEST_CASE("a diff tells entries that are the same, added, removed and changed") {
  Store store;
  SyntheticData before = make_data(3);
  const auto place = std::make_shared<SyntheticPlace>(before);
  SyntheticEngine engine(place);
  const std::string first = store.snapshot(engine).id;
  SyntheticData after = before;
  after.erase("tiny/00001");
  after["new"] = {EntryKind::stream, to_bytes("fresh")};
  Bytes& changed = after["base/00000"].content;
  changed[70'000] ^= std::byte{1};
  place->set(after);
  const std::string second = store.snapshot(engine).id;
  const DiffReport report = store.repository.diff(first, second, store.context());
  CHECK(report.before == first);
  CHECK(report.after == second);
  const auto entry = [&](const std::string& name) {
    const auto found = std::ranges::find(report.entries, name, &EntryDiff::name);
    REQUIRE(found != report.entries.end());
    return *found;
  };
  CHECK(entry("table/00000").change == EntryDiff::Change::same);
  CHECK(entry("table/00000").bytes_changed == 0);
  CHECK(entry("tiny/00001").change == EntryDiff::Change::removed);
  CHECK(entry("tiny/00001").size_after == 0);
  CHECK(entry("new").change == EntryDiff::Change::added);
  CHECK(entry("new").size_after == 5);
  CHECK(entry("new").bytes_changed == 5);
  CHECK(entry("base/00000").change == EntryDiff::Change::changed);
  CHECK(entry("base/00000").chunks_changed == 1);
  CHECK(entry("base/00000").bytes_changed == 64 * 1024);
  CHECK(entry("base/00000").size_before == changed.size());
}

TEST_CASE("a diff of a snapshot with itself shows no change") {
  Shelf shelf;
  const DiffReport report = shelf.repository.diff(shelf.blog.id, shelf.blog.id, shelf.context());
  CHECK(report.entries.size() == make_data(2).size());
  CHECK(std::ranges::all_of(report.entries, [](const EntryDiff& e) { return e.change == EntryDiff::Change::same; }));
}

TEST_CASE("a diff sees what was undone as no change at all") {
  Store store;
  Random random(4);
  ValueEngine engine(random.text(1 << 20), EntryKind::stream);
  const Bytes original = engine.content;
  const std::string first = store.snapshot(engine).id;
  engine.content.insert(engine.content.begin() + 500'000, std::byte{'x'});
  store.snapshot(engine);
  engine.content = original;
  const std::string third = store.snapshot(engine).id;
  const DiffReport report = store.repository.diff(first, third, store.context());
  CHECK(report.entries.front().change == EntryDiff::Change::same);
  CHECK(report.entries.front().chunks_changed == 0);
}

TEST_CASE("stats add up what is stored") {
  Shelf shelf;
  const RepositoryStats stats = shelf.repository.stats(shelf.context());
  CHECK(stats.snapshots == 4);
  CHECK(stats.sources == 2);
  CHECK(stats.objects == shelf.keys().size());
  CHECK(stats.stored_bytes == shelf.stored_bytes());
  CHECK(stats.pack_bytes == shelf.stored_bytes("packs/"));
  CHECK(stats.unreferenced_bytes == 0);
  CHECK(stats.plain_bytes == 3 * size_of(make_data(1)) + size_of(make_data(2)));
  const std::uint64_t blog_packs = shelf.blog.stats.bytes_stored;
  shelf.repository.forget({shelf.blog.id}, shelf.context());
  CHECK(shelf.repository.stats(shelf.context()).unreferenced_bytes == blog_packs);
}

TEST_CASE("a damaged manifest is named and does not hide the others from restore") {
  Shelf shelf;
  const auto keys = shelf.keys("snapshots/" + shelf.blog.source_key + "/");
  REQUIRE(keys.size() == 1);
  shelf.sink->corrupt(keys.front(), 40);
  const Error error = error_of([&] { (void)shelf.repository.manifest(shelf.blog.id, shelf.context()); });
  CHECK(error.code() == ErrorCode::damaged);
  CHECK(error.message().find(shelf.blog.id) != std::string::npos);
  CHECK(shelf.restored(shelf.shop[2].id) == make_data(1));
  CHECK(shelf.resolve("latest", {.source = "shop"}) == shelf.shop[2].id);
}

}  // namespace
}  // namespace dbsnap::testing
