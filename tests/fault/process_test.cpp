// Real processes over a real folder: killed at any moment, racing to be first, out of disk.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <map>
#include <thread>

#include "dbsnap/error.hpp"
#include "dbsnap/sinks/local.hpp"
#include "fault/fault_world.hpp"
#include "harness/error_code.hpp"
#include "harness/process.hpp"
#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::uint64_t kSeed = 41;

/// What the source holds at `step`, the same in every process. Every fourth step is something else
/// altogether, so that prunes have packs to remove.
const SyntheticData& data_at(std::uint64_t step) {
  static std::map<std::uint64_t, SyntheticData> known;
  if (known.empty()) known[0] = make_data(kSeed, small_shape());
  while (!known.contains(step)) {
    const std::uint64_t number = known.size();
    SyntheticData next = number % 4 == 0 ? make_data(kSeed + number, small_shape()) : known.rbegin()->second;
    if (number % 4 != 0) change_data(next, number);
    known[number] = std::move(next);
  }
  return known.at(step);
}

void take_snapshot(Repository& repository, std::uint64_t step) {
  SyntheticEngine engine(data_at(step));
  repository.snapshot(engine, {.tags = {std::to_string(step)}, .host = "host", .threads = 2}, {});
}

void prune(Repository& repository, unsigned last) {
  KeepRules rules;
  rules.last = last;
  const PrunePlan plan = repository.plan_prune(*make_keep_policy(rules), {}, {});
  repository.apply(plan, {.discard_unfinished = true}, {});
}

void say(char mark) {
  if (::write(STDOUT_FILENO, &mark, 1) != 1) throw Error(ErrorCode::io, "cannot write to the test");
}

/// Snapshots and prunes until it is killed.
int work_for_ever(const std::string& folder, std::uint64_t step) {
  Repository repository = Repository::open(make_local_sink({folder}), {}, {});
  for (;; ++step) {
    take_snapshot(repository, step);
    say('s');
    if (step % 3 != 0) continue;
    prune(repository, 3);
    say('p');
  }
}

/// Everything listed verifies and restores to the state that its tag names; the newest of these states.
std::uint64_t check_repository(const std::string& folder) {
  const Repository repository = Repository::open(make_local_sink({folder}), {}, {});
  const VerifyReport report = repository.verify({.threads = 1}, {});
  for (const Damage& damage : report.damage) FAIL_CHECK(damage.snapshot, " ", damage.object, ": ", damage.what);
  std::uint64_t newest = 0;
  for (const SnapshotSummary& summary : repository.snapshots({}, {})) {
    const std::uint64_t step = std::stoull(summary.tags.at(0));
    CAPTURE(step);
    SyntheticEngine target(std::make_shared<SyntheticPlace>(), "target");
    repository.restore(summary.id, target, {}, 1, {});
    CHECK((target.place().data() == data_at(step)));
    newest = std::max(newest, step);
  }
  return newest;
}

TEST_CASE("a process that is killed at any moment of its snapshots and prunes loses nothing that was listed") {
  const TempFolder temp;
  const std::string folder = temp / "repository";
  Repository first = Repository::create(make_local_sink({folder}), small_sizes(), {});
  take_snapshot(first, 1);
  Random random(42);
  std::uint64_t step = 1;
  for (int round = 0; round < 14; ++round) {
    CAPTURE(round);
    ChildProcess child = ChildProcess::fork([&] { return work_for_ever(folder, step + 1); });
    const bool began = child.await_output(std::string(random.below(3), 's'));
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(60'000)));
    child.kill(SIGKILL);
    const auto status = child.wait();
    INFO(child.err());
    REQUIRE(status.has_value());
    CHECK(status->signal == SIGKILL);
    CHECK(began);
    const auto taken = static_cast<std::uint64_t>(std::ranges::count(child.out(), 's'));
    const std::uint64_t newest = check_repository(folder);
    // What it reported as done is there; the one it was killed in may be.
    CHECK(newest >= step + taken);
    CHECK(newest <= step + taken + 1);
    step = newest;
  }
  Repository last = Repository::open(make_local_sink({folder}), {}, {});
  take_snapshot(last, step + 1);
  prune(last, 1);
  CHECK(check_repository(folder) == step + 1);
  CHECK(last.stats({}).unreferenced_bytes == 0);
  CHECK(last.stats({}).snapshots == 1);
}

/// Kills its own process at the n-th call of the sink.
class SuicidalSink final : public Sink {
 public:
  SuicidalSink(std::shared_ptr<Sink> inner, std::uint64_t calls) : inner_(std::move(inner)), left_(calls) {}
  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    count();
    return inner_->put(key, bytes, options, context);
  }
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    count();
    return inner_->get(key, range, context);
  }
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override {
    count();
    return inner_->stat(key, context);
  }
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override {
    count();
    inner_->list(prefix, visitor, context);
  }
  void remove(std::string_view key, const Context& context) override {
    count();
    inner_->remove(key, context);
  }
  [[nodiscard]] SinkCapabilities capabilities() const override { return inner_->capabilities(); }
  [[nodiscard]] std::string url() const override { return inner_->url(); }

 private:
  void count() {
    if (left_-- == 0) ::kill(::getpid(), SIGKILL);
  }
  std::shared_ptr<Sink> inner_;
  std::atomic<std::uint64_t> left_;
};

TEST_CASE("a process that is killed at any call of the store during a prune loses nothing that is kept") {
  const TempFolder temp;
  const std::string original = temp / "original";
  Repository repository = Repository::create(make_local_sink({original}), small_sizes(), {});
  for (std::uint64_t step = 2; step <= 4; ++step) take_snapshot(repository, step);
  for (std::uint64_t calls = 1;; calls += 3) {
    CAPTURE(calls);
    const std::string folder = temp / std::to_string(calls);
    std::filesystem::copy(original, folder, std::filesystem::copy_options::recursive);
    ChildProcess child = ChildProcess::fork([&] {
      const auto sink = std::make_shared<SuicidalSink>(make_local_sink({folder}), calls);
      Repository pruned = Repository::open(sink, {}, {});
      prune(pruned, 1);
      return 0;
    });
    const auto status = child.wait();
    INFO(child.err());
    REQUIRE(status.has_value());
    CHECK(check_repository(folder) == 4);
    if (status->code == 0) break;
    CHECK(status->signal == SIGKILL);
    Repository again = Repository::open(make_local_sink({folder}), {}, {});
    prune(again, 1);
    CHECK(check_repository(folder) == 4);
    CHECK(again.stats({}).unreferenced_bytes == 0);
  }
}

TEST_CASE("of several processes that create a repository in one folder exactly one does") {
  for (int round = 0; round < 8; ++round) {
    CAPTURE(round);
    const TempFolder temp;
    const std::string folder = temp / "deep/repository";
    std::vector<ChildProcess> children;
    for (int n = 0; n < 4; ++n) {
      children.push_back(ChildProcess::fork([&] {
        const auto code = code_of([&] { Repository::create(make_local_sink({folder}), small_sizes(), {}); });
        return code ? static_cast<int>(*code) : 0;
      }));
    }
    int winners = 0;
    for (ChildProcess& child : children) {
      const auto status = child.wait();
      REQUIRE(status.has_value());
      if (status->code == 0) {
        ++winners;
      } else {
        CHECK(status->code == static_cast<int>(ErrorCode::already_exists));
      }
    }
    CHECK(winners == 1);
    Repository repository = Repository::open(make_local_sink({folder}), {}, {});
    take_snapshot(repository, 1);
    CHECK(check_repository(folder) == 1);
  }
}

TEST_CASE("a snapshot on a full disk fails with no_space, leaves no half object and hurts nothing") {
  const TempFolder temp;
  const std::string folder = temp / "repository";
  Repository repository = Repository::create(make_local_sink({folder}), small_sizes(), {});
  take_snapshot(repository, 1);
  ChildProcess child = ChildProcess::fork([&] {
    // The limit of a file's size stands in for the disk: the system answers at the same call.
    const rlimit limit{16 * 1024, 16 * 1024};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0 || ::signal(SIGXFSZ, SIG_IGN) == SIG_ERR) return 98;
    Repository full = Repository::open(make_local_sink({folder}), {}, {});
    const auto code = code_of([&] {
      SyntheticEngine engine(make_data(77, small_shape()));
      full.snapshot(engine, {.host = "host"}, {});
    });
    return code ? static_cast<int>(*code) : 0;
  });
  const auto status = child.wait();
  INFO(child.err());
  REQUIRE(status.has_value());
  CHECK(status->code == static_cast<int>(ErrorCode::no_space));
  CHECK(files_below(folder + "/~tmp").empty());
  CHECK(check_repository(folder) == 1);
  take_snapshot(repository, 2);
  CHECK(check_repository(folder) == 2);
}

}  // namespace
}  // namespace dbsnap::testing
