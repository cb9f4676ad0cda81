// Restores: the result is whole and appears at once, or nothing has changed.
#include <doctest/doctest.h>

#include <filesystem>
#include <thread>

#include "conformance/engine_conformance.hpp"
#include "harness/error_code.hpp"
#include "harness/memory_snapshot.hpp"

namespace dbsnap::testing {
namespace {

std::uint64_t size_of(const MemorySnapshot& snapshot) {
  std::uint64_t size = 0;
  for (const ManifestEntry& entry : snapshot.manifest().entries) size += entry.size;
  return size;
}

/// A restore that is cancelled while it takes its first bytes; the code it throws.
std::optional<ErrorCode> restore_cancelled(Snapshotter& target, MemorySnapshot& snapshot, bool overwrite) {
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  const auto gate = std::make_shared<Gate>();
  snapshot.stall(gate);
  const std::jthread canceller([&] {
    gate->await_arrivals();
    stop.request_stop();
  });
  const auto code = code_of([&] { target.restore(snapshot, {.overwrite = overwrite}, context); });
  gate->open();
  snapshot.stall(nullptr);
  return code;
}

/// Collects what an export writes, and insists on order.
class PlainCollector final : public EntryWriter {
 public:
  void write(std::uint64_t offset, ByteView bytes) override {
    in_order = in_order && offset == content.size();
    content.insert(content.end(), bytes.begin(), bytes.end());
  }
  Bytes content;
  bool in_order = true;
};

class PlainReader final : public EntryReader {
 public:
  explicit PlainReader(Bytes content) : content_(std::move(content)) {}
  std::size_t read(MutableByteView out, const Context& context) override {
    context.check();
    const std::size_t size = std::min({out.size(), content_.size() - at_, std::size_t{7'777}});
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(at_), size, out.begin());
    at_ += size;
    return size;
  }

 private:
  Bytes content_;
  std::size_t at_ = 0;
};

}  // namespace

void check_engine_restore(const EngineSubject& subject) {
  const auto world = subject.make_world();
  const auto before = world->source_content();
  const auto snapshot = capture(*world->source());

  SUBCASE("what is restored is what was backed up, and is found sound") {
    const auto target = world->target();
    target->restore(*snapshot, {}, {});
    CHECK(world->target_content() == before);
    target->check_restored({});
    CHECK(world->source_content() == before);
  }
  SUBCASE("a target that exists is refused, and is untouched") {
    world->target()->restore(*snapshot, {}, {});
    world->change_source();
    const auto newer = capture(*world->source());
    const std::string surroundings = world->target_surroundings();
    CHECK(code_of([&] { world->target()->restore(*newer, {}, {}); }) == ErrorCode::target_not_empty);
    CHECK(world->target_content() == before);
    CHECK(world->target_surroundings() == surroundings);
  }
  SUBCASE("a target that exists is replaced when asked") {
    world->target()->restore(*snapshot, {}, {});
    world->change_source();
    const auto after = world->source_content();
    const auto newer = capture(*world->source());
    const auto target = world->target();
    target->restore(*newer, {.overwrite = true}, {});
    CHECK(world->target_content() == after);
    target->check_restored({});
  }
  SUBCASE("overwrite does not need a target that exists") {
    world->target()->restore(*snapshot, {.overwrite = true}, {});
    CHECK(world->target_content() == before);
  }
  SUBCASE("a spoilt target is found damaged") {
    const auto target = world->target();
    target->restore(*snapshot, {}, {});
    world->spoil_target();
    CHECK(code_of([&] { target->check_restored({}); }) == ErrorCode::damaged);
  }
  SUBCASE("a scratch target lies in its folder and touches neither source nor target") {
    const std::string around_source = world->source_surroundings();
    const std::string around_target = world->target_surroundings();
    const auto scratch = world->source()->scratch_target(world->scratch_folder());
    CHECK(scratch->describe().engine == subject.engine);
    scratch->restore(*snapshot, {}, {});
    scratch->check_restored({});
    const auto again = capture(*scratch);
    CHECK(world->source_content() == before);
    CHECK(world->source_surroundings() == around_source);
    CHECK(world->target_surroundings() == around_target);
    world->target()->restore(*again, {}, {});
    CHECK(world->target_content() == before);
  }
}

void check_engine_failures(const EngineSubject& subject) {
  const auto world = subject.make_world();
  const auto before = world->source_content();
  const auto first = capture(*world->source());
  world->change_source();
  const auto newer = capture(*world->source());
  const std::uint64_t size = size_of(*newer);
  const std::string empty_surroundings = world->target_surroundings();

  SUBCASE("a snapshot that fails half-way leaves nothing where nothing was") {
    for (const std::uint64_t at : {std::uint64_t{0}, size / 2, size - 1}) {
      CAPTURE(at);
      newer->fail_at_byte(at);
      CHECK(code_of([&] { world->target()->restore(*newer, {}, {}); }) == ErrorCode::damaged);
      CHECK_FALSE(world->target_content().has_value());
      CHECK(world->target_surroundings() == empty_surroundings);
    }
  }
  SUBCASE("a snapshot that fails half-way leaves the target that was to be replaced") {
    world->target()->restore(*first, {}, {});
    const std::string surroundings = world->target_surroundings();
    for (const std::uint64_t at : {std::uint64_t{0}, size / 2, size - 1}) {
      CAPTURE(at);
      newer->fail_at_byte(at);
      CHECK(code_of([&] { world->target()->restore(*newer, {.overwrite = true}, {}); }) == ErrorCode::damaged);
      CHECK(world->target_content() == before);
      CHECK(world->target_surroundings() == surroundings);
    }
  }
  SUBCASE("a restore that is cancelled leaves nothing where nothing was") {
    CHECK(restore_cancelled(*world->target(), *newer, false) == ErrorCode::cancelled);
    CHECK_FALSE(world->target_content().has_value());
    CHECK(world->target_surroundings() == empty_surroundings);
  }
  SUBCASE("a restore that is cancelled leaves the target that was to be replaced") {
    world->target()->restore(*first, {}, {});
    const std::string surroundings = world->target_surroundings();
    CHECK(restore_cancelled(*world->target(), *newer, true) == ErrorCode::cancelled);
    CHECK(world->target_content() == before);
    CHECK(world->target_surroundings() == surroundings);
  }
  newer->fail_at_byte(std::nullopt);
  world->target()->restore(*newer, {.overwrite = true}, {});
  CHECK(world->target_content() == world->source_content());
}

void check_engine_plain(const EngineSubject& subject) {
  const auto world = subject.make_world();
  const auto before = world->source_content();
  const auto engine = world->source();
  const auto snapshot = capture(*engine);

  if (!subject.plain_file) {
    PlainCollector unused;
    CHECK(code_of([&] { engine->export_plain(*snapshot, unused, {}); }) == ErrorCode::unsupported);
    CHECK(code_of([&] { engine->begin_import(std::make_unique<PlainReader>(Bytes(10)), {}); }) ==
          ErrorCode::unsupported);
    return;
  }
  PlainCollector plain;
  engine->export_plain(*snapshot, plain, {});
  CHECK(plain.in_order);

  SUBCASE("an exported file, imported, restores to the same database") {
    const auto session = engine->begin_import(std::make_unique<PlainReader>(plain.content), {});
    const auto imported = drain(*session, 1, {}, engine->describe());
    world->target()->restore(*imported, {}, {});
    CHECK(world->target_content() == before);
    CHECK(world->source_content() == before);
  }
  SUBCASE("an export of an import is the same file") {
    const auto session = engine->begin_import(std::make_unique<PlainReader>(plain.content), {});
    const auto imported = drain(*session, 1, {}, engine->describe());
    PlainCollector again;
    engine->export_plain(*imported, again, {});
    CHECK((again.content == plain.content));
  }
  SUBCASE("something else than an exported file is refused") {
    const auto import_noise = [&] {
      const auto session = engine->begin_import(std::make_unique<PlainReader>(Bytes(20'000, std::byte{'x'})), {});
      drain(*session, 1, {}, engine->describe());
    };
    CHECK(code_of(import_noise) == ErrorCode::not_a_database);
  }
}

}  // namespace dbsnap::testing
