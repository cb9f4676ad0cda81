#include "repo/resolve.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "dbsnap/error.hpp"
#include "repo/copy_plan.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kShortestPrefix = 4;
constexpr std::string_view kLatest = "latest";

std::string latest_of(std::span<const SnapshotSummary> snapshots) {
  if (snapshots.empty()) {
    throw Error(ErrorCode::not_found, "the repository holds no such snapshot").hint("dbsnap list");
  }
  const auto& source = snapshots.front().source_key;
  if (!std::ranges::all_of(snapshots, [&](const auto& snapshot) { return snapshot.source_key == source; })) {
    throw Error(ErrorCode::invalid_argument, "latest is not clear: the repository holds snapshots of several sources")
        .hint("dbsnap list, then name one with --source");
  }
  return snapshots.front().id;
}

}  // namespace

void check_snapshot_text(std::string_view text) {
  if (text.size() >= kShortestPrefix) return;
  throw Error(ErrorCode::invalid_argument,
              "a snapshot is named by its id, by at least four digits of it, or by latest");
}

std::string resolve_snapshot(std::string_view text, const std::string& repository_id,
                             std::span<const SnapshotSummary> snapshots) {
  if (text == kLatest) return latest_of(snapshots);
  std::vector<const SnapshotSummary*> found;
  std::set<std::string> meant;  // several copies of one snapshot are one
  for (const SnapshotSummary& snapshot : snapshots) {
    const Origin origin = first_taken(repository_id, snapshot.id, snapshot.origin);
    if (!snapshot.id.starts_with(text) && !origin.id.starts_with(text)) continue;
    found.push_back(&snapshot);
    meant.insert(origin.repository + origin.id);
  }
  if (found.empty()) {
    throw Error(ErrorCode::not_found, "there is no snapshot " + std::string(text)).hint("dbsnap list");
  }
  if (meant.size() > 1) {
    throw Error(ErrorCode::invalid_argument,
                std::to_string(meant.size()) + " snapshots start with " + std::string(text))
        .hint("dbsnap list");
  }
  const auto whole = std::ranges::find_if(found, [](const SnapshotSummary* snapshot) { return snapshot->good; });
  return whole == found.end() ? found.front()->id : (*whole)->id;
}

}  // namespace dbsnap
