// The synthetic engine keeps the engine contract, so that what the other suites prove with it counts.
#include <doctest/doctest.h>

#include <thread>

#include "conformance/engine_conformance.hpp"
#include "dbsnap/error.hpp"
#include "harness/error_code.hpp"
#include "harness/memory_snapshot.hpp"
#include "harness/random_data.hpp"
#include "harness/synthetic_engine.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

std::optional<std::string> content_of(const SyntheticPlace& place) {
  const auto data = place.data();
  if (!data) return std::nullopt;
  std::string text;
  for (const auto& [name, entry] : *data) {
    text += name + (entry.kind == EntryKind::stream ? " stream " : " pages ") + to_text(entry.content) + "\n";
  }
  return text;
}

class SyntheticWorld final : public EngineWorld {
 public:
  std::unique_ptr<Snapshotter> source() override { return std::make_unique<SyntheticEngine>(source_, "source"); }
  std::unique_ptr<Snapshotter> target() override { return std::make_unique<SyntheticEngine>(target_, "target"); }
  void change_source() override { source_->change(++changes_); }
  void spoil_target() override {
    auto data = target_->data().value();
    data.begin()->second.content.at(3) ^= std::byte{1};
    target_->set(std::move(data));
  }
  std::optional<std::string> source_content() override { return content_of(*source_); }
  std::optional<std::string> target_content() override { return content_of(*target_); }
  std::string source_surroundings() override { return std::to_string(source_->counters().sessions_open); }
  std::string target_surroundings() override { return std::to_string(target_->counters().sessions_open); }
  std::string scratch_folder() override { return scratch_.path(); }

 private:
  std::shared_ptr<SyntheticPlace> source_ = std::make_shared<SyntheticPlace>(make_data(7));
  std::shared_ptr<SyntheticPlace> target_ = std::make_shared<SyntheticPlace>();
  std::uint64_t changes_ = 0;
  TempFolder scratch_;
};

const EngineSubject kSynthetic{
    .make_world = [] { return std::make_unique<SyntheticWorld>(); }, .engine = "synthetic", .plain_file = false};

TEST_CASE("synthetic engine: reading") { check_engine_reading(kSynthetic); }
TEST_CASE("synthetic engine: abandoned and cancelled snapshots") { check_engine_abort(kSynthetic); }
TEST_CASE("synthetic engine: restore") { check_engine_restore(kSynthetic); }
TEST_CASE("synthetic engine: failing restores") { check_engine_failures(kSynthetic); }
TEST_CASE("synthetic engine: plain files") { check_engine_plain(kSynthetic); }

TEST_CASE("thousands of synthetic entries are read by many threads at once") {
  SyntheticEngine engine(make_data(3, {.page_files = 0, .streams = 10, .tiny_entries = 4'000}));
  SyntheticFaults faults;
  faults.stall_read = std::make_shared<Gate>();
  faults.size_hint = SyntheticFaults::SizeHint::absurd;
  engine.place().set_faults(faults);
  const std::jthread opener([&] {
    faults.stall_read->await_arrivals(8);
    faults.stall_read->open();
  });
  const auto snapshot = capture(engine, 8);
  CHECK(snapshot->manifest().entries.size() == 4'010);
  CHECK(engine.place().counters().most_readers == 8);
  CHECK(engine.place().counters().finished_undrained == 0);
}

TEST_CASE("synthetic faults reach the reader of a snapshot as errors of the source") {
  SyntheticEngine engine(make_data(3));
  SyntheticFaults faults;
  SUBCASE("at begin") { faults.fail_begin = true; }
  SUBCASE("at next") { faults.fail_next_at = 2; }
  SUBCASE("at read") { faults.fail_read_at = 5; }
  SUBCASE("at finish") { faults.fail_finish = true; }
  engine.place().set_faults(faults);
  CHECK(code_of([&] { capture(engine, 1); }) == ErrorCode::source_unreachable);
  CHECK(engine.place().counters().sessions_open == 0);
}

TEST_CASE("synthetic data depends on its seed alone") {
  auto first = make_data(5);
  auto second = make_data(5);
  CHECK((first == second));
  change_data(first, 1);
  CHECK((first != second));
  change_data(second, 1);
  CHECK((first == second));
  CHECK((make_data(6) != make_data(5)));
}

}  // namespace
}  // namespace dbsnap::testing
