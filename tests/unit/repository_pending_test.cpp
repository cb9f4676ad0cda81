// Backups into several repositories: one snapshot everywhere, and notes about the copies that could not be made.
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "copy_world.hpp"
#include "dbsnap/backup.hpp"

namespace dbsnap::testing {
namespace {

constexpr const char* kAway = "s3://bucket/app";

BackupTarget target_over(Store& store, const std::string& url) {
  return {.url = url, .open = [&store] { return store.repository; }};
}

BackupTarget broken_target(ErrorCode code, const std::string& url = kAway) {
  return {.url = url, .open = [=]() -> Repository { throw Error(code, "it is away"); }};
}

TEST_CASE("a backup into several repositories reads the source once and is the same snapshot in all of them") {
  Store one(small_parts("one"));
  Store two(small_parts("two"));
  SyntheticEngine engine(make_data(5));
  const std::vector<BackupTarget> targets{target_over(one, "memory:one"), target_over(two, "memory:two")};
  const BackupReport report = backup_to(engine, targets, {.tags = {"nightly"}}, one.context());
  CHECK(report.complete());
  CHECK(engine.place().counters().sessions_begun == 1);
  REQUIRE(report.targets.size() == 2);
  CHECK(report.targets[0].id == report.manifest.id);
  const Manifest copy = two.repository.manifest(report.targets[1].id, two.context());
  REQUIRE(copy.origin.has_value());
  CHECK(copy.origin->id == report.manifest.id);
  CHECK(copy.tags == std::vector<std::string>{"nightly"});
  CHECK(two.restored(copy.id) == engine.place().data());
  CHECK(one.repository.pending(one.context()).empty());
}

TEST_CASE("a repository that fails leaves the others complete, and what it lacks is noted") {
  for (const std::size_t position : {0U, 1U, 2U}) {
    CAPTURE(position);
    Store one(small_parts());
    Store two(small_parts());
    SyntheticEngine engine(make_data(6));
    std::vector<BackupTarget> targets{target_over(one, "memory:one"), target_over(two, "memory:two")};
    targets.insert(targets.begin() + static_cast<std::ptrdiff_t>(position),
                   broken_target(ErrorCode::storage_unreachable));
    const BackupReport report = backup_to(engine, targets, {}, one.context());
    CHECK_FALSE(report.complete());
    CHECK(one.ids().size() == 1);
    CHECK(two.ids().size() == 1);
    const TargetOutcome& away = report.targets[position];
    CHECK(away.failure->code() == ErrorCode::storage_unreachable);
    CHECK(away.pending);
    const auto pending = one.repository.pending(one.context());
    REQUIRE(pending.size() == 1);
    CHECK(pending.front().to == kAway);
    CHECK(pending.front().snapshot == report.manifest.id);
    CHECK(pending.front().since == one.clock.now());
  }
}

TEST_CASE("when the first repository is full the snapshot goes to the next one") {
  Store full(small_parts());
  Store other(small_parts());
  full.sink->fail_put_after(3);
  SyntheticEngine engine(make_data(7));
  const std::vector<BackupTarget> targets{target_over(full, "memory:full"), target_over(other, "memory:other")};
  const BackupReport report = backup_to(engine, targets, {}, other.context());
  CHECK(report.targets[0].failure->code() == ErrorCode::no_space);
  CHECK(other.restored(report.targets[1].id) == engine.place().data());
  full.sink->heal();
  CHECK(full.ids().empty());
}

TEST_CASE("when no repository works the first failure is thrown") {
  SyntheticEngine engine(make_data(8));
  const std::vector<BackupTarget> targets{broken_target(ErrorCode::no_repository), broken_target(ErrorCode::wrong_key)};
  CHECK(code_of([&] { backup_to(engine, targets, {}, {}); }) == ErrorCode::no_repository);
  CHECK(code_of([&] { backup_to(engine, {}, {}, {}); }) == ErrorCode::invalid_argument);
}

TEST_CASE("a source that fails is not tried again for the next repository") {
  Store one(small_parts());
  Store two(small_parts());
  SyntheticEngine engine(make_data(9));
  SyntheticFaults faults;
  faults.fail_begin = true;
  engine.place().set_faults(faults);
  const std::vector<BackupTarget> targets{target_over(one, "memory:one"), target_over(two, "memory:two")};
  CHECK(code_of([&] { backup_to(engine, targets, {}, one.context()); }) == ErrorCode::source_unreachable);
  CHECK(two.keys("sessions/").empty());
}

TEST_CASE("a target's own failure ends nothing, whatever its code") {
  Store one(small_parts());
  SyntheticEngine engine(make_data(9));
  for (const ErrorCode code : {ErrorCode::source_unreachable, ErrorCode::invalid_argument, ErrorCode::unsupported}) {
    CAPTURE(name_of(code));
    for (const bool first : {true, false}) {
      std::vector<BackupTarget> targets{target_over(one, "memory:one")};
      targets.insert(first ? targets.begin() : targets.end(), broken_target(code));
      const BackupReport report = backup_to(engine, targets, {}, one.context());
      CHECK(report.targets[first ? 0 : 1].pending);
      CHECK_FALSE(report.targets[first ? 1 : 0].failure.has_value());
    }
  }
}

TEST_CASE("a backup that is cancelled while it copies has noted what is missing") {
  Store one(small_parts());
  SyntheticEngine engine(make_data(9));
  std::stop_source stop;
  Context context = one.context();
  context.stop = stop.get_token();
  BackupTarget last = broken_target(ErrorCode::cancelled, "sftp://nas/app");
  last.open = [&]() -> Repository {
    stop.request_stop();
    throw Error(ErrorCode::cancelled, "Ctrl-C");
  };
  const std::vector<BackupTarget> targets{target_over(one, "memory:one"), broken_target(ErrorCode::storage_unreachable),
                                          last};
  CHECK(code_of([&] { backup_to(engine, targets, {}, context); }) == ErrorCode::cancelled);
  CHECK(one.ids().size() == 1);
  CHECK(one.repository.pending(one.context()).size() == 2);
}

TEST_CASE("notes are settled one by one, and go with their snapshot") {
  History history(2);
  const Context context = history.context();
  const std::string first = history.ids_in_order.front();
  history.repository.note_pending(first, kAway, context);
  history.repository.note_pending(first, kAway, context);
  history.repository.note_pending(first, "sftp://nas/app", context);
  history.repository.note_pending(history.ids_in_order.back(), kAway, context);
  CHECK(history.repository.pending(context).size() == 3);
  const PendingCopy one{.snapshot = history.ids_in_order.back(), .to = kAway, .since = {}};
  history.repository.settle_pending(one, context);
  history.repository.settle_pending(one, context);
  CHECK(history.repository.pending(context).size() == 2);
  CHECK(history.repository.verify({}, context).ok());
  history.repository.forget({first}, context);
  CHECK(history.repository.pending(context).empty());
  history.prune({});
  CHECK(history.keys("pending/").empty());
  CHECK(code_of([&] { history.repository.note_pending(first, kAway, context); }) == ErrorCode::not_found);
}

TEST_CASE("a plan says which snapshots would go before their copy was made, and a prune takes them all the same") {
  History history(3);
  const std::string first = history.ids_in_order.front();
  history.repository.note_pending(first, kAway, history.context());
  const PrunePlan plan = history.plan({.last = 1});
  for (const PruneDecision& decision : plan.decisions) {
    CHECK(decision.pending.size() == (decision.snapshot.id == first ? 1 : 0));
  }
  CHECK(history.prune({.last = 1}).snapshots_removed == 2);
  CHECK(history.keys("pending/").empty());
}

TEST_CASE("a note that is damaged is told by verify, and hides no other") {
  History history(2);
  const Context context = history.context();
  for (const std::string& id : history.ids_in_order) history.repository.note_pending(id, kAway, context);
  const std::string key = history.keys("pending/").front();
  Bytes bytes = history.memory->get(key, {}, {});
  bytes.back() ^= std::byte{1};
  history.memory->put(key, bytes, {}, {});
  CHECK(history.repository.pending(context).size() == 1);
  const VerifyReport report = history.repository.verify({}, context);
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage.front().object == key);
}

TEST_CASE("sessions that have not finished are told") {
  History history(1);
  const auto gate = history.sink->stall(SinkCall::put, "snapshots/");
  std::jthread writer([&] { history.repository.snapshot(history.engine, {.host = "web1"}, history.context()); });
  gate->await_arrivals();
  const Repository other = Repository::open(history.memory, {}, history.context());
  const auto unfinished = other.unfinished(history.context());
  gate->open();
  writer.join();
  REQUIRE(unfinished.size() == 1);
  CHECK(unfinished.front().host == "web1");
  CHECK(other.unfinished(history.context()).empty());
}

}  // namespace
}  // namespace dbsnap::testing
