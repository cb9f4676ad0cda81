// Status as a pure function of what a repository holds.
#include "dbsnap/status.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "dbsnap/json.hpp"

namespace dbsnap {
namespace {

using std::chrono::hours;

const TimePoint kNow = parse_time("2026-11-21T12:00:00Z");

SnapshotSummary snapshot(const std::string& id, const std::string& source, hours age, bool good = true) {
  SnapshotSummary summary;
  summary.id = id;
  summary.source_key = source + "-key";
  summary.source = {"sqlite", "sqlite:///" + source, source, "web1"};
  summary.time = kNow - age;
  summary.size = 100;
  summary.good = good;
  return summary;
}

RepositoryStatus status(const std::vector<SnapshotSummary>& snapshots, std::optional<hours> max_age = {},
                        const std::vector<PendingCopy>& pending = {}) {
  return status_of({.snapshots = snapshots, .pending = pending, .unfinished = {}}, kNow, max_age);
}

TEST_CASE("each source shows its newest snapshot, whatever their order") {
  const auto found = status({snapshot("b1", "b", hours(30)), snapshot("a2", "a", hours(2)),
                             snapshot("a3", "a", hours(1)), snapshot("a1", "a", hours(9))});
  REQUIRE(found.sources.size() == 2);
  CHECK(found.sources[0].newest == "a3");
  CHECK(found.sources[0].age == hours(1));
  CHECK(found.sources[0].snapshots == 3);
  CHECK(found.sources[0].size == 100);
  CHECK(found.sources[1].newest == "b1");
  CHECK_FALSE(found.too_old());
}

TEST_CASE("a source is too old when its newest good snapshot is older than allowed") {
  const std::vector<SnapshotSummary> snapshots{snapshot("a1", "a", hours(27)), snapshot("b1", "b", hours(1))};
  CHECK_FALSE(status(snapshots, hours(27)).too_old());
  const auto found = status(snapshots, hours(26));
  CHECK(found.too_old());
  CHECK(found.sources[0].too_old);
  CHECK_FALSE(found.sources[1].too_old);
}

TEST_CASE("damaged snapshots do not count as young ones") {
  const auto found = status({snapshot("a1", "a", hours(30)), snapshot("a2", "a", hours(1), false)}, hours(26));
  CHECK(found.sources[0].newest == "a1");
  CHECK(found.sources[0].damaged == 1);
  CHECK(found.too_old());
}

TEST_CASE("a source with damaged snapshots alone is too old at any age, and so is a repository without any") {
  const auto found = status({snapshot("a1", "a", hours(1), false)}, hours(26));
  CHECK(found.sources[0].newest.empty());
  CHECK_FALSE(found.sources[0].time.has_value());
  CHECK(found.too_old());
  CHECK(status({}, hours(26)).too_old());
  CHECK_FALSE(status({}).too_old());
}

TEST_CASE("a snapshot that is dated later than now has no age") {
  const auto found = status({snapshot("a1", "a", hours(-5))}, hours(1));
  CHECK(found.sources[0].age == hours(0));
  CHECK_FALSE(found.too_old());
}

TEST_CASE("pending copies name their source, and those of snapshots that are not looked at are left out") {
  const auto found =
      status({snapshot("a1", "a", hours(1))}, {}, {{"a1", "s3://bucket/app", kNow}, {"zz", "s3://bucket/app", kNow}});
  REQUIRE(found.pending.size() == 1);
  CHECK(found.pending.front().source == "a");
  CHECK(found.pending.front().copy.to == "s3://bucket/app");
}

}  // namespace
}  // namespace dbsnap
