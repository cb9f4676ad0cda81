// What verify remembers: parts of a repository checked run by run, and never a failure because of the memory.
#include <algorithm>
#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/hex.hpp"
#include "format/envelope.hpp"
#include "format/ledger_codec.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "repository_fixture.hpp"

namespace dbsnap::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr CreateOptions kSmall = {.encrypt = false, .chunk_size = 4096, .frame_size = 8192, .pack_size = 16'384};
constexpr seconds kMonth = hours(30 * 24);

/// One snapshot of incompressible bytes in about a dozen packs; its table stands in the manifest, so that
/// nothing but the levels packs and frames reads packs.
struct Checked {
  Checked() { manifest = store.snapshot(engine); }

  VerifyReport verify(VerifyOptions options) {
    store.clock.advance(hours(1));
    return store.repository.verify(options, context());
  }
  VerifyReport recent(VerifyLevel level) { return verify({.level = level, .max_age = kMonth}); }
  Context context() {
    Context context = store.context();
    context.log = [this](LogLevel level, std::string_view text) {
      if (level == LogLevel::warning) warnings.emplace_back(text);
    };
    return context;
  }
  /// Everything that the ledger's objects say.
  Ledger ledger() {
    Ledger all;
    for (const std::string& key : store.keys("checked/")) {
      const KeyRing keys(store.repository.id(), std::nullopt);
      for (const auto& [pack, check] :
           decode_ledger(open_object(keys, ObjectType::ledger, key, store.memory->get(key, {}, {})))) {
        all[pack] = check;
      }
    }
    return all;
  }

  Store store{kSmall};
  ValueEngine engine{Random(1).bytes(200'000)};
  Manifest manifest;
  std::vector<std::string> warnings;
};

TEST_CASE("runs of ten percent read other packs each time until all were read") {
  for (const VerifyLevel level : {VerifyLevel::packs, VerifyLevel::frames}) {
    Checked checked;
    const std::uint64_t packs = checked.manifest.packs.size();
    const std::uint64_t stored = checked.store.stored_bytes("packs/");
    std::uint64_t read = 0;
    int runs = 0;
    for (bool all = false; !all; ++runs) {
      REQUIRE(runs < 10);
      const VerifyReport report = checked.verify({.level = level, .percent = 10});
      CHECK(report.ok());
      CHECK(report.needed.packs == packs);
      CHECK(report.needed.bytes == stored);
      CHECK(report.checked.bytes * 10 >= stored);
      CHECK(report.checked.bytes < stored / 10 + 20'000);
      CHECK(report.checked.packs + report.left.packs == packs);
      CHECK(report.checked.bytes + report.left.bytes == stored);
      read += report.checked.packs;
      all = report.oldest_check.has_value();
      CHECK(all == (read >= packs));
    }
    CHECK(runs > 5);
    CHECK(checked.recent(level).fresh.packs == packs);
  }
}

TEST_CASE("a hundred percent reads everything, whatever was read before") {
  Checked checked;
  checked.verify({.level = VerifyLevel::packs});
  const VerifyReport report = checked.verify({.level = VerifyLevel::packs, .percent = 100});
  CHECK(report.checked.packs == report.needed.packs);
  CHECK(report.left.packs == 0);
}

TEST_CASE("after everything was read, the part that was read first comes up first again") {
  Checked checked;
  checked.verify({.level = VerifyLevel::packs, .percent = 20});
  const TimePoint first = std::chrono::floor<std::chrono::milliseconds>(checked.store.clock.now());
  checked.verify({.level = VerifyLevel::packs, .percent = 40});
  checked.verify({.level = VerifyLevel::packs, .percent = 45});
  CHECK(checked.verify({.level = VerifyLevel::listing}).oldest_check == first);
  const VerifyReport again = checked.verify({.level = VerifyLevel::packs, .percent = 30});
  REQUIRE(again.oldest_check.has_value());
  CHECK(*again.oldest_check > first);
}

TEST_CASE("packs that were checked within the longest age are not read again, older ones are") {
  Checked checked;
  const std::uint64_t packs = checked.manifest.packs.size();
  CHECK(checked.recent(VerifyLevel::packs).checked.packs == packs);
  checked.store.clock.advance(hours(10 * 24));
  checked.store.sink->heal();
  const VerifyReport fresh = checked.recent(VerifyLevel::packs);
  CHECK(fresh.fresh.packs == packs);
  CHECK(fresh.checked.packs == 0);
  CHECK(fresh.oldest_check.has_value());
  for (const auto& [call, key] : checked.store.sink->log())
    CHECK_FALSE((call == SinkCall::get && key.starts_with("packs/")));
  checked.store.clock.advance(hours(25 * 24));
  CHECK(checked.recent(VerifyLevel::packs).checked.packs == packs);
}

TEST_CASE("a check counts for shallower levels and not for deeper ones") {
  Checked checked;
  const std::uint64_t packs = checked.manifest.packs.size();
  SUBCASE("packs first") {
    checked.verify({.level = VerifyLevel::packs});
    CHECK(checked.recent(VerifyLevel::frames).checked.packs == packs);
  }
  SUBCASE("frames first") {
    checked.verify({.level = VerifyLevel::frames});
    CHECK(checked.recent(VerifyLevel::packs).fresh.packs == packs);
    CHECK(checked.recent(VerifyLevel::frames).fresh.packs == packs);
  }
  SUBCASE("frames, then packs later") {
    checked.verify({.level = VerifyLevel::frames});
    checked.verify({.level = VerifyLevel::packs});
    CHECK(checked.recent(VerifyLevel::frames).fresh.packs == packs);
  }
  SUBCASE("frames of chosen snapshots, which do not show what others have in the same packs") {
    checked.verify({.level = VerifyLevel::frames, .ids = {checked.manifest.id}});
    CHECK(checked.recent(VerifyLevel::packs).fresh.packs == packs);
    CHECK(checked.recent(VerifyLevel::frames).checked.packs == packs);
  }
}

TEST_CASE("a pack that was found damaged is read again, however recent its last good check is") {
  Checked checked;
  const std::string bad = checked.manifest.packs[3].key;
  checked.verify({.level = VerifyLevel::frames});
  checked.store.sink->corrupt(bad, 100);
  CHECK_FALSE(checked.verify({.level = VerifyLevel::packs}).ok());
  SUBCASE("and found damaged again") {
    const VerifyReport report = checked.recent(VerifyLevel::packs);
    CHECK(report.checked.packs == 1);
    REQUIRE(report.damage.size() == 1);
    CHECK(report.damage.front().object == bad);
    CHECK_FALSE(report.oldest_check.has_value());
  }
  SUBCASE("before all others") {
    const VerifyReport report = checked.verify({.level = VerifyLevel::frames, .percent = 1});
    CHECK(report.checked.packs == 1);
    CHECK_FALSE(report.ok());
  }
  SUBCASE("and sound once it is whole") {
    checked.store.sink->heal();
    CHECK(checked.recent(VerifyLevel::packs).checked.packs == 1);
    CHECK(checked.recent(VerifyLevel::packs).checked.packs == 0);
  }
}

TEST_CASE("a run over a part does not take back what an earlier one found damaged") {
  Checked checked;
  checked.store.sink->corrupt(checked.manifest.packs[3].key, 100);
  CHECK_FALSE(checked.verify({.level = VerifyLevel::frames}).ok());
  checked.store.sink->heal();
  checked.recent(VerifyLevel::frames);
  CHECK_FALSE(checked.store.repository.snapshots({}, checked.context()).front().good);
  checked.verify({.level = VerifyLevel::frames});
  CHECK(checked.store.repository.snapshots({}, checked.context()).front().good);
}

TEST_CASE("checks that are dated in the future count for nothing") {
  Checked checked;
  checked.store.clock.advance(hours(24 * 3650));
  checked.verify({.level = VerifyLevel::packs});
  checked.store.clock.advance(-hours(24 * 3650));
  const VerifyReport report = checked.recent(VerifyLevel::packs);
  CHECK(report.checked.packs == report.needed.packs);
}

TEST_CASE("the ledger stays at few objects and merging keeps everything about packs that exist") {
  Checked checked;
  const std::uint64_t packs = checked.manifest.packs.size();
  for (int run = 0; run < 20; ++run) {
    checked.verify({.level = VerifyLevel::packs, .percent = 5});
    CHECK(checked.store.keys("checked/").size() <= 8);
  }
  CHECK(checked.ledger().size() == packs);
  CHECK(checked.recent(VerifyLevel::packs).fresh.packs == packs);
}

TEST_CASE("packs that exist no more drop out when the ledger is merged") {
  Checked checked;
  checked.verify({.level = VerifyLevel::packs});
  checked.engine.content = Random(2).bytes(100'000);
  const Manifest second = checked.store.snapshot(checked.engine);
  checked.store.prune({.last = 1});
  REQUIRE(checked.store.keys("packs/").size() == second.packs.size());
  for (int run = 0; run < 9; ++run) checked.verify({.level = VerifyLevel::packs});
  CHECK(checked.ledger().size() == second.packs.size());
}

TEST_CASE("a merge that fails half way loses nothing") {
  Checked checked;
  const std::uint64_t packs = checked.manifest.packs.size();
  checked.verify({.level = VerifyLevel::frames});
  for (int run = 0; run < 7; ++run) checked.verify({.level = VerifyLevel::packs, .percent = 5});
  SUBCASE("at the merged object") {
    checked.store.sink->inject({.call = SinkCall::put, .prefix = "checked/", .code = ErrorCode::no_space});
  }
  SUBCASE("at the first object to remove") {
    checked.store.sink->inject({.call = SinkCall::remove, .prefix = "checked/", .code = ErrorCode::io});
  }
  SUBCASE("at the fourth") {
    checked.store.sink->inject({.call = SinkCall::remove, .prefix = "checked/", .after = 3, .code = ErrorCode::io});
  }
  CHECK(checked.verify({.level = VerifyLevel::packs, .percent = 5}).ok());
  CHECK(checked.store.sink->fired());
  CHECK(checked.warnings.size() == 1);
  checked.store.sink->heal();
  CHECK(checked.recent(VerifyLevel::frames).fresh.packs == packs);
}

TEST_CASE("a ledger object that is damaged is as if absent, with a warning, and goes at the next merge") {
  Checked checked;
  checked.verify({.level = VerifyLevel::packs});
  const std::string key = checked.store.keys("checked/").front();
  Bytes object = checked.store.memory->get(key, {}, {});
  SUBCASE("a bit") { object[40] ^= std::byte{1}; }
  SUBCASE("cut short") { object.resize(10); }
  SUBCASE("empty") { object.clear(); }
  checked.store.memory->put(key, object, {}, {});
  const VerifyReport report = checked.recent(VerifyLevel::packs);
  CHECK(report.ok());
  CHECK(report.checked.packs == report.needed.packs);
  REQUIRE(checked.warnings.size() == 1);
  CHECK(checked.warnings.front().find(key) != std::string::npos);
  for (int run = 0; run < 8; ++run) checked.verify({.level = VerifyLevel::packs, .percent = 5});
  checked.warnings.clear();
  checked.verify({.level = VerifyLevel::packs});
  CHECK(checked.warnings.empty());
}

TEST_CASE("another kind of object in the ledger's place is not taken for a ledger") {
  Checked checked;
  const std::string key = new_ledger_key(checked.store.clock.now());
  const KeyRing keys(checked.store.repository.id(), std::nullopt);
  checked.store.memory->put(key, seal_object(keys, ObjectType::pin, key, encode_ledger({})), {}, {});
  CHECK(checked.recent(VerifyLevel::packs).ok());
  CHECK(checked.warnings.size() == 1);
}

TEST_CASE("storage that may only be read is verified with a warning") {
  Checked checked;
  checked.store.sink->inject({.call = SinkCall::put, .every_later = true, .code = ErrorCode::access_refused});
  checked.store.sink->inject({.call = SinkCall::remove, .every_later = true, .code = ErrorCode::access_refused});
  CHECK(checked.verify({}).ok());
  CHECK(checked.warnings.size() == 1);
  CHECK(checked.store.keys("checked/").empty());
}

TEST_CASE("a run that is stopped keeps what it had done") {
  Checked checked;
  const auto gate = std::make_shared<Gate>();
  checked.store.sink->inject({.call = SinkCall::get, .prefix = "packs/", .after = 5, .stall = gate});
  Context context = checked.context();
  const VerifyLevel level = VerifyLevel::frames;
  const auto verify = [&] {
    return code_of([&] { (void)checked.store.repository.verify({.level = level, .threads = 1}, context); });
  };
  SUBCASE("by the caller") {
    std::stop_source stop;
    context.stop = stop.get_token();
    const std::jthread stopper([&] {
      gate->await_arrivals();
      stop.request_stop();
    });
    CHECK(verify() == ErrorCode::cancelled);
  }
  SUBCASE("by its deadline") {
    context.deadline = context.clock->monotonic() + std::chrono::milliseconds(500);
    CHECK(verify() == ErrorCode::deadline_exceeded);
  }
  SUBCASE("by the store") {
    checked.store.sink->heal();
    checked.store.sink->inject(
        {.call = SinkCall::get, .prefix = "packs/", .after = 5, .code = ErrorCode::storage_unreachable});
    CHECK(verify() == ErrorCode::storage_unreachable);
  }
  checked.store.sink->heal();
  CHECK(checked.recent(level).fresh.packs == 5);
}

TEST_CASE("a part cannot be asked for at a level that reads no packs or restores whole snapshots") {
  Checked checked;
  const TempFolder scratch;
  for (const VerifyLevel level : {VerifyLevel::listing, VerifyLevel::tables, VerifyLevel::data}) {
    VerifyOptions options{.level = level, .scratch_folder = scratch.path()};
    options.engine = [](const Manifest&) { return std::make_unique<ValueEngine>(); };
    CHECK(checked.verify(options).ok());
    options.percent = 10;
    CHECK(code_of([&] { checked.verify(options); }) == ErrorCode::invalid_argument);
    options.percent.reset();
    options.max_age = kMonth;
    CHECK(code_of([&] { checked.verify(options); }) == ErrorCode::invalid_argument);
  }
  for (const unsigned percent : {0U, 101U}) {
    CHECK(code_of([&] { checked.verify({.percent = percent}); }) == ErrorCode::invalid_argument);
  }
  CHECK(code_of([&] { checked.verify({.max_age = seconds(-1)}); }) == ErrorCode::invalid_argument);
}

TEST_CASE("a ledger of an encrypted repository is sealed") {
  CreateOptions options = kSmall;
  options.encrypt = true;
  options.password = "right";
  Store store(options);
  ValueEngine engine(Random(3).bytes(100'000));
  const Manifest manifest = store.snapshot(engine);
  CHECK(store.repository.verify({}, store.context()).ok());
  const VerifyReport report = store.repository.verify({.max_age = kMonth}, store.context());
  CHECK(report.fresh.packs == manifest.packs.size());
  const Bytes object = store.memory->get(store.keys("checked/").front(), {}, {});
  CHECK(to_hex(object).find(manifest.packs.front().key.substr(9, 32)) == std::string::npos);
}

}  // namespace
}  // namespace dbsnap::testing
