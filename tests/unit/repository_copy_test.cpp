// Copies between repositories: what they hold, what they keep, and which snapshots are copied at all.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "copy_world.hpp"

namespace dbsnap::testing {
namespace {

TEST_CASE("copies restore to the same bytes, however each repository is encrypted") {
  CreateOptions from = small_parts();
  CreateOptions to = small_parts();
  CopyOptions options;
  SUBCASE("neither") {}
  SUBCASE("the target") { to = small_parts("target"); }
  SUBCASE("both, with other keys") {
    from = small_parts("source");
    to = small_parts("target");
  }
  SUBCASE("the source, and the copy in clear was asked for") {
    from = small_parts("source");
    options.allow_unencrypted = true;
  }
  CopyWorld world(3, from, to);
  CHECK(summed_up(world.copy(options)) == "copied 3");
  world.check_copies();
  CHECK(world.to.ids().size() == 3);
}

TEST_CASE("a copy out of an encrypted repository into one that is not must be asked for") {
  CopyWorld world(1, small_parts("source"));
  CHECK(code_of([&] { world.copy(); }) == ErrorCode::invalid_argument);
  CHECK(world.to.ids().empty());
}

TEST_CASE("a copy keeps source, times, tags, facts and warnings, and names its origin") {
  CopyWorld world(0);
  const Manifest original =
      world.from.snapshot(world.from.engine, {.tags = {"nightly"}, .host = "web1", .source_name = "shop"});
  const CopyReport report = world.copy();
  REQUIRE(report.snapshots.size() == 1);
  const SnapshotCopy& done = report.snapshots.front();
  const Manifest copy = world.to.repository.manifest(done.id, world.context());
  CHECK(copy.id != original.id);
  REQUIRE(copy.origin.has_value());
  CHECK(copy.origin->repository == world.from.repository.id());
  CHECK(copy.origin->id == original.id);
  CHECK(copy.source.engine == original.source.engine);
  CHECK(copy.source.url == original.source.url);
  CHECK(copy.source.name == original.source.name);
  CHECK(copy.source.host == original.source.host);
  CHECK(copy.started == original.started);
  CHECK(copy.finished == original.finished);
  CHECK(copy.time == original.time);
  CHECK(copy.tags == original.tags);
  CHECK(copy.warnings == original.warnings);
  CHECK(copy.consistency_point == original.consistency_point);
  CHECK(copy.engine_facts == original.engine_facts);
  CHECK(copy.tool_version == original.tool_version);
  CHECK(done.bytes_stored == copy.stats.bytes_stored);
  CHECK(report.from == world.from.repository.id());
}

TEST_CASE("a copy is filed where a backup of its source into the target would be") {
  for (const std::string& name : {std::string("shop"), std::string()}) {
    CopyWorld world(0, small_parts("source"), small_parts("target"));
    world.from.snapshot(world.from.engine, {.host = "web1", .source_name = name});
    const std::string copied = world.copy().snapshots.front().id;
    const Manifest direct = world.to.snapshot(world.from.engine, {.host = "web1", .source_name = name});
    CHECK(direct.parent == copied);
  }
}

TEST_CASE("the second run copies what is new and nothing else") {
  CopyWorld world(2);
  world.copy();
  CHECK(summed_up(world.copy()) == "present 2");
  world.from.grow();
  CHECK(summed_up(world.copy()) == "copied 1, present 2");
  CHECK(world.to.ids().size() == 3);
  world.check_copies();
}

TEST_CASE("a copy of a copy is the same snapshot, also where it came from") {
  CopyWorld world(2, small_parts("source"), small_parts("target"));
  world.copy();
  Store third(small_parts("third"));
  CHECK(summed_up(third.repository.copy_from(world.to.repository, {}, world.context())) == "copied 2");
  world.check_copies(third);
  CHECK(summed_up(third.repository.copy_from(world.from.repository, {}, world.context())) == "present 2");
  CHECK(summed_up(world.from.repository.copy_from(third.repository, {}, world.context())) == "present 2");
  CHECK(world.from.ids().size() == 2);
}

TEST_CASE("one id, or its first digits, names a snapshot in every repository that holds it") {
  CopyWorld world(2);
  world.copy();
  const std::string id = world.from.ids_in_order.front();
  const std::string here = world.copy_of(id);
  const auto resolve = [&](const std::string& text) { return world.to.repository.resolve(text, {}, world.context()); };
  CHECK(resolve(id) == here);
  CHECK(resolve(id.substr(0, 12)) == here);
  CHECK(resolve(here) == here);
  CHECK(resolve(here.substr(0, 12)) == here);
  CHECK(resolve("latest") == world.copy_of(world.from.ids_in_order.back()));
  CHECK(code_of([&] { resolve(std::string(32, '0')); }) == ErrorCode::not_found);
}

TEST_CASE("what is copied can be chosen by id, source, tag, number and time") {
  CopyWorld world(2);
  const Manifest tagged = world.from.snapshot(world.from.engine, {.tags = {"weekly"}});
  world.from.states[tagged.id] = world.from.place->data().value();
  SyntheticEngine other(world.from.place, "other");
  const Manifest second = world.from.snapshot(other);
  world.from.states[second.id] = world.from.place->data().value();
  CopyOptions options;
  std::set<std::string> expected;
  SUBCASE("id") {
    options.ids = {world.from.ids_in_order.back()};
    expected = {world.from.ids_in_order.back()};
  }
  SUBCASE("source") {
    options.filter.source = "other";
    expected = {second.id};
  }
  SUBCASE("tag") {
    options.filter.tags = {"weekly"};
    expected = {tagged.id};
  }
  SUBCASE("number, of each source") {
    options.last = 1;
    expected = {tagged.id, second.id};
  }
  SUBCASE("time") {
    options.since = tagged.time;
    expected = {tagged.id, second.id};
  }
  world.copy(options);
  std::set<std::string> copied;
  for (const SnapshotSummary& summary : world.to.repository.snapshots({}, world.context())) {
    copied.insert(summary.origin->id);
  }
  CHECK(copied == expected);
  world.check_copies();
}

TEST_CASE("an id that the source does not hold is an error, and nothing is copied") {
  CopyWorld world(1);
  CHECK(code_of([&] {
          world.copy({.ids = {world.from.ids_in_order.front(), std::string(32, '0')}});
        }) == ErrorCode::not_found);
  CHECK(world.to.ids().empty());
}

TEST_CASE("what the target's retention removed is not copied again, unless it is asked for") {
  CopyWorld world(4);
  world.copy();
  world.to.prune({.last = 2});
  CHECK(summed_up(world.copy()) == "older 2, present 2");
  CHECK(summed_up(world.copy({.last = 3})) == "copied 1, present 2");
  CHECK(summed_up(world.copy({.older = true})) == "copied 1, present 3");
  CHECK(world.to.ids().size() == 4);
  world.check_copies();
}

TEST_CASE("each repository keeps as many as its own rules say") {
  CopyWorld world(0, small_parts("pi"), small_parts("mac"));
  for (int day = 0; day < 12; ++day) {
    world.from.grow();
    CHECK(summed_up(world.copy()).starts_with("copied 1"));
    world.from.prune({.last = 3});
    world.to.prune({.last = 10});
  }
  CHECK(world.from.ids().size() == 3);
  CHECK(world.to.ids().size() == 10);
  world.check_copies();
  world.from.check_all_restorable();
}

TEST_CASE("a dry run says what would be copied and how much would be read, and writes nothing") {
  CopyWorld world(3, small_parts("source"), small_parts("target"));
  world.copy({.ids = {world.from.ids_in_order.front()}});
  const auto before = world.to.keys();
  const CopyReport planned = world.copy({.dry_run = true});
  CHECK(world.to.keys() == before);
  CHECK(planned.dry_run);
  CHECK(summed_up(planned) == "planned 2, present 1");
  const CopyReport done = world.copy();
  for (std::size_t n = 0; n < done.snapshots.size(); ++n) {
    CHECK(done.snapshots[n].bytes_new == planned.snapshots[n].bytes_new);
    CHECK(done.snapshots[n].snapshot.id == planned.snapshots[n].snapshot.id);
  }
}

TEST_CASE("pins are copied when they are asked for") {
  CopyWorld world(2);
  const std::string pinned = world.from.ids_in_order.front();
  world.from.repository.pin(pinned, world.context());
  const auto pins = [&] {
    std::set<std::string> ids;
    for (const SnapshotSummary& summary : world.to.repository.snapshots({}, world.context())) {
      if (summary.pinned) ids.insert(summary.origin->id);
    }
    return ids;
  };
  world.copy();
  CHECK(pins().empty());
  world.copy({.pins = true});
  CHECK(pins() == std::set{pinned});
  world.copy({.pins = true});
  CHECK(world.to.keys("pins/").size() == 1);
}

TEST_CASE("repositories with chunks of other sizes copy each other's cuts") {
  CreateOptions large = small_parts("target");
  large.chunk_size = 16 * 1024;
  large.frame_size = 128 * 1024;
  large.pack_size = 256 * 1024;
  CopyWorld world(3, small_parts("source"), large);
  world.copy();
  world.check_copies();
  Store back(small_parts("third"));
  back.repository.copy_from(world.to.repository, {}, world.context());
  world.check_copies(back);
  const auto entries = [](Store& store) {
    return store.repository.manifest(store.ids().front(), store.context()).entries;
  };
  const auto original = entries(world.from);
  const auto copied = entries(world.to);
  REQUIRE(copied.size() == original.size());
  for (std::size_t n = 0; n < original.size(); ++n) CHECK(copied[n].chunks == original[n].chunks);
}

TEST_CASE("a repository holds already what would be copied out of itself") {
  CopyWorld world(1);
  CHECK(summed_up(world.from.repository.copy_from(world.from.repository, {}, world.context())) == "present 1");
}

TEST_CASE("a copy that is cancelled leaves nothing half done") {
  CopyWorld world(2);
  std::stop_source stop;
  Context context = world.context();
  context.stop = stop.get_token();
  world.to.sink->before(SinkCall::put, "packs/", [&] { stop.request_stop(); });
  CHECK(code_of([&] { world.to.repository.copy_from(world.from.repository, {}, context); }) == ErrorCode::cancelled);
  CHECK(world.to.plan({}).unfinished.empty());
  CHECK(world.copy().ok());
  CHECK(world.to.ids().size() == 2);
  world.check_copies();
}

}  // namespace
}  // namespace dbsnap::testing
