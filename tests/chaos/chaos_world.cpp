#include "chaos/chaos_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "dbsnap/sinks/local.hpp"
#include "harness/synthetic_engine.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::chrono::minutes kLongest{2};

// The state letter follows the name, which is in brackets.
char state_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const auto end = text.rfind(')');
  return end == std::string::npos || end + 2 >= text.size() ? '?' : text[end + 2];
}

}  // namespace

ChaosWorld::ChaosWorld() {
  Repository::create(make_local_sink({folder()}), chaos_sizes(), {});
  run("writer", {"source=1", "changes=3", "count=4"});
  run("writer", {"source=2", "changes=1", "count=2"});
  run("pruner", {"keep=2"});
}

ChaosWorld::ChaosWorld(const ChaosWorld& other) : committed(other.committed), dropped(other.dropped) {
  std::filesystem::copy(other.folder(), folder(), std::filesystem::copy_options::recursive);
}

Repository ChaosWorld::repository() const { return Repository::open(make_local_sink({folder()}), {}, {}); }

ChildProcess ChaosWorld::start(const std::string& verb, const Settings& settings) const {
  std::vector<std::string> argv = {DBSNAP_CHAOS_ACTOR, folder(), verb};
  argv.insert(argv.end(), settings.begin(), settings.end());
  return ChildProcess::start(argv);
}

ExitStatus ChaosWorld::run(const std::string& verb, const Settings& settings) {
  ChildProcess actor = start(verb, settings);
  return finish(actor);
}

ExitStatus ChaosWorld::finish(ChildProcess& actor) {
  const auto status = actor.wait(kLongest);
  INFO(actor.err());
  REQUIRE(status.has_value());
  std::istringstream lines(actor.out());
  std::string word;
  std::string value;
  while (lines >> word >> value) {
    if (word == "id") committed.insert(value);
    if (word == "dropping") dropped.insert(value);
    if (word == "packs") packs_removed += std::stoull(value);
    if (word == "fenced") fenced += std::stoull(value);
  }
  return *status;
}

void ChaosWorld::forget_all() {
  Repository repository = this->repository();
  std::vector<std::string> ids;
  for (const SnapshotSummary& summary : repository.snapshots({}, {})) ids.push_back(summary.id);
  dropped.insert(ids.begin(), ids.end());
  repository.forget(ids, {});
}

std::size_t ChaosWorld::kept() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(committed, [&](const auto& id) { return !dropped.contains(id); }));
}

void ChaosWorld::check_holds() const {
  const Repository repository = this->repository();
  std::set<std::string> listed;
  for (const SnapshotSummary& summary : repository.snapshots({}, {})) {
    CAPTURE(summary.id);
    listed.insert(summary.id);
    SyntheticEngine target(std::make_shared<SyntheticPlace>(), "target");
    repository.restore(summary.id, target, {}, 1, {});
    CHECK((target.place().data() == data_of(from_tag(summary.tags.at(0)))));
  }
  for (const std::string& id : committed) {
    CAPTURE(id);
    CHECK((listed.contains(id) || dropped.contains(id)));
  }
  const VerifyReport report = repository.verify({.threads = 1}, {});
  CHECK(report.snapshots == listed.size());
  for (const Damage& damage : report.damage) FAIL_CHECK(damage.snapshot, " ", damage.object, ": ", damage.what);
}

void ChaosWorld::check_prunes_clean() {
  ChildProcess actor = start("pruner", {"keep=100", "patience_ms=20"});
  const ExitStatus status = finish(actor);
  INFO(actor.err());
  CHECK(status.code == 0);
  CHECK(repository().stats({}).unreferenced_bytes == 0);
  check_holds();
}

bool await_stop(ChildProcess& actor) {
  while (!actor.wait(std::chrono::milliseconds(0))) {
    if (state_of(actor.pid()) == 'T') return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace dbsnap::testing
