#include "dbsnap/status.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace dbsnap {
namespace {

std::chrono::seconds age_of(TimePoint time, TimePoint now) {
  return std::max(std::chrono::floor<std::chrono::seconds>(now - time), std::chrono::seconds(0));
}

std::vector<SourceStatus> sources_of(std::span<const SnapshotSummary> snapshots, TimePoint now) {
  std::map<std::string, SourceStatus> by_key;
  std::map<std::string, TimePoint> latest;  // of all snapshots, damaged ones too
  for (const SnapshotSummary& snapshot : snapshots) {
    SourceStatus& status = by_key[snapshot.source_key];
    status.source_key = snapshot.source_key;
    ++status.snapshots;
    if (!snapshot.good) ++status.damaged;
    const auto [shown, first] = latest.try_emplace(snapshot.source_key, snapshot.time);
    if (first || (snapshot.time > shown->second && !snapshot.source.engine.empty())) {
      status.source = snapshot.source;
      shown->second = snapshot.time;
    }
    if (!snapshot.good || (status.time && snapshot.time <= *status.time)) continue;
    status.newest = snapshot.id;
    status.time = snapshot.time;
    status.age = age_of(snapshot.time, now);
    status.size = snapshot.size;
  }
  std::vector<SourceStatus> sources;
  for (auto& [key, status] : by_key) sources.push_back(std::move(status));
  std::ranges::stable_sort(
      sources, {}, [](const SourceStatus& status) { return std::pair(status.source.name, status.source.host); });
  return sources;
}

}  // namespace

bool RepositoryStatus::too_old() const noexcept {
  return max_age.has_value() && (sources.empty() || std::ranges::any_of(sources, &SourceStatus::too_old));
}

RepositoryStatus status_of(const StatusInput& input, TimePoint now, std::optional<std::chrono::seconds> max_age) {
  RepositoryStatus status{.sources = sources_of(input.snapshots, now),
                          .pending = {},
                          .unfinished = {input.unfinished.begin(), input.unfinished.end()},
                          .max_age = max_age};
  for (SourceStatus& source : status.sources) {
    source.too_old = !source.time || (max_age && now - *source.time > *max_age);
  }
  for (const PendingCopy& copy : input.pending) {
    const auto snapshot = std::ranges::find(input.snapshots, copy.snapshot, &SnapshotSummary::id);
    if (snapshot == input.snapshots.end()) continue;
    status.pending.push_back({copy, snapshot->source.name});
  }
  return status;
}

}  // namespace dbsnap
