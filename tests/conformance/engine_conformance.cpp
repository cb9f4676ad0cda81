// Snapshots: what an engine gives out, and that it leaves its source alone.
#include "conformance/engine_conformance.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "harness/error_code.hpp"
#include "harness/memory_snapshot.hpp"

namespace dbsnap::testing {
namespace {

using Contents = std::map<std::string, Bytes>;

Contents contents_of(const MemorySnapshot& snapshot) {
  Contents contents;
  for (const ManifestEntry& entry : snapshot.manifest().entries) contents[entry.name] = snapshot.content(entry.name);
  return contents;
}

/// All entries of a new session, read on one thread with a buffer of `size` bytes.
Contents read_with_buffer(Snapshotter& engine, std::size_t size) {
  const Context context;
  Contents contents;
  const auto session = engine.begin({}, context);
  Bytes buffer(size);
  while (auto entry = session->next(context)) {
    Bytes& content = contents[entry->name];
    while (const std::size_t n = entry->reader->read(buffer, context)) {
      content.insert(content.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n));
    }
    CHECK(entry->reader->read(buffer, context) == 0);
  }
  session->finish(context);
  return contents;
}

void check_restores_to(EngineWorld& world, MemorySnapshot& snapshot, const std::optional<std::string>& content) {
  world.target()->restore(snapshot, {.overwrite = true}, {});
  CHECK(world.target_content() == content);
}

void describe_touches_nothing(const EngineSubject& subject, EngineWorld& world) {
  const auto engine = world.source();
  const auto target = world.target();
  const std::string surroundings = world.target_surroundings();
  for (const SourceInfo& info : {engine->describe(), target->describe()}) {
    CHECK(info.engine == subject.engine);
    CHECK_FALSE(info.url.empty());
    CHECK_FALSE(info.name.empty());
    CHECK(info.host.empty());
  }
  CHECK(engine->describe().url != target->describe().url);
  CHECK(world.target_surroundings() == surroundings);
  CHECK_FALSE(world.target_content().has_value());
}

void state_is_that_of_begin(EngineWorld& world) {
  const auto engine = world.source();
  const auto before = world.source_content();
  auto session = engine->begin({.threads = 2}, {});
  world.change_source();
  REQUIRE(world.source_content() != before);
  auto snapshot = drain(*session, 2, {}, engine->describe());
  session.reset();
  check_restores_to(world, *snapshot, before);
}

void sessions_are_independent(EngineWorld& world) {
  const auto engine = world.source();
  const auto before = world.source_content();
  auto first = engine->begin({}, {});
  auto second = engine->begin({}, {});
  CHECK(engine->describe().url == world.source()->describe().url);
  const auto late = drain(*second, 1, {}, engine->describe());
  second.reset();
  const auto early = drain(*first, 1, {}, engine->describe());
  first.reset();
  check_restores_to(world, *early, before);
  check_restores_to(world, *late, before);
}

}  // namespace

void check_engine_reading(const EngineSubject& subject) {
  const auto world = subject.make_world();
  const auto engine = world->source();
  const auto before = world->source_content();
  REQUIRE(before.has_value());

  SUBCASE("describe names the engine and the place without touching it") { describe_touches_nothing(subject, *world); }
  SUBCASE("entries have unique names, and there is at least one") {
    const auto snapshot = capture(*engine);
    std::set<std::string> names;
    for (const ManifestEntry& entry : snapshot->manifest().entries) {
      CHECK_FALSE(entry.name.empty());
      CHECK(names.insert(entry.name).second);
    }
    CHECK_FALSE(names.empty());
  }
  SUBCASE("an entry's bytes do not depend on the size of the reads") {
    const Contents whole = contents_of(*capture(*engine));
    CHECK((read_with_buffer(*engine, 511) == whole));
    CHECK((read_with_buffer(*engine, 100'003) == whole));
    CHECK((read_with_buffer(*engine, 4 * 1024 * 1024) == whole));
  }
  SUBCASE("many threads are given the same entries as one") {
    const Contents one = contents_of(*capture(*engine, 1));
    CHECK((contents_of(*capture(*engine, 8)) == one));
  }
  SUBCASE("reading leaves the source and what is around it as it was") {
    const std::string surroundings = world->source_surroundings();
    capture(*engine);
    CHECK(world->source_content() == before);
    CHECK(world->source_surroundings() == surroundings);
  }
  SUBCASE("the snapshot shows the state that begin() found, not what happened after") {
    if (subject.writes_while_read) state_is_that_of_begin(*world);
  }
  SUBCASE("a change between two snapshots shows in the second") {
    const auto first = capture(*engine);
    world->change_source();
    const auto after = world->source_content();
    const auto second = capture(*engine, 2, {}, &first->manifest());
    check_restores_to(*world, *second, after);
    check_restores_to(*world, *first, before);
  }
  SUBCASE("a session is independent of later calls") { sessions_are_independent(*world); }
  SUBCASE("a place without a database cannot be backed up, and stays empty") {
    const std::string surroundings = world->target_surroundings();
    const auto code = code_of([&] { capture(*world->target()); });
    const bool allowed = code == ErrorCode::source_unreachable || code == ErrorCode::not_a_database;
    CHECK(allowed);
    CHECK(world->target_surroundings() == surroundings);
  }
}

void check_engine_abort(const EngineSubject& subject) {
  const auto world = subject.make_world();
  const auto engine = world->source();
  const auto before = world->source_content();
  const std::string surroundings = world->source_surroundings();
  const Context context;
  std::stop_source stop;
  Context stoppable;
  stoppable.stop = stop.get_token();
  Bytes buffer(1000);

  SUBCASE("abandoned before the first entry") { engine->begin({}, context); }
  SUBCASE("abandoned with an entry that was not read") {
    const auto session = engine->begin({}, context);
    CHECK(session->next(context).has_value());
  }
  SUBCASE("abandoned in the middle of an entry") {
    const auto session = engine->begin({}, context);
    const auto entry = session->next(context);
    REQUIRE(entry.has_value());
    CHECK(entry->reader->read(buffer, context) > 0);
  }
  SUBCASE("abandoned after the last entry, before finish()") {
    const auto session = engine->begin({}, context);
    while (const auto entry = session->next(context)) {
      while (entry->reader->read(buffer, context) > 0) continue;
    }
  }
  SUBCASE("cancelled before it begins") {
    stop.request_stop();
    CHECK(code_of([&] { engine->begin({}, stoppable); }) == ErrorCode::cancelled);
  }
  SUBCASE("cancelled inside an entry") {
    const auto session = engine->begin({}, stoppable);
    const auto entry = session->next(stoppable);
    REQUIRE(entry.has_value());
    CHECK(entry->reader->read(buffer, stoppable) > 0);
    stop.request_stop();
    Bytes large(2 * 1024 * 1024);
    CHECK(code_of([&] {
            while (entry->reader->read(large, stoppable) > 0) continue;
          }) == ErrorCode::cancelled);
  }
  SUBCASE("past its deadline inside an entry") {
    const auto session = engine->begin({}, context);
    const auto entry = session->next(context);
    REQUIRE(entry.has_value());
    Context late;
    late.deadline = late.clock->monotonic() - std::chrono::seconds(1);
    CHECK(code_of([&] {
            while (entry->reader->read(buffer, late) > 0) continue;
          }) == ErrorCode::deadline_exceeded);
  }
  CHECK(world->source_content() == before);
  CHECK(world->source_surroundings() == surroundings);
  world->change_source();
  const auto after = world->source_content();
  check_restores_to(*world, *capture(*engine), after);
}

}  // namespace dbsnap::testing
