// Two repositories, of which one gets copies of what the other holds, for tests of copying.
#pragma once

#include <string>
#include <vector>

#include "repository_history.hpp"

namespace dbsnap::testing {

inline CreateOptions small_parts(const std::string& password = {}) {
  return {.password = password,
          .encrypt = !password.empty(),
          .chunk_size = 4096,
          .frame_size = 16384,
          .pack_size = 64 * 1024};
}

/// The source repository has a history; the target begins empty.
class CopyWorld {
 public:
  explicit CopyWorld(int count, const CreateOptions& from_options = small_parts(),
                     const CreateOptions& to_options = small_parts())
      : from(count, from_options), to(to_options) {
    // What is copied is never dated later than the target's clock shows.
    to.clock.advance(std::chrono::hours(24 * 365));
  }

  CopyReport copy(const CopyOptions& options = {}) {
    return to.repository.copy_from(from.repository, options, context());
  }
  [[nodiscard]] Context context() const { return from.context(); }

  /// Id in the target of snapshot `id` of the source.
  std::string copy_of(const std::string& id) {
    for (const SnapshotSummary& summary : to.repository.snapshots({}, context())) {
      if (summary.origin && summary.origin->id == id) return summary.id;
    }
    return {};
  }
  /// Every snapshot of `store` that is a copy restores to what its original held, and every byte is sound.
  void check_copies(Store& store) {
    for (const SnapshotSummary& summary : store.repository.snapshots({}, context())) {
      CAPTURE(summary.id);
      REQUIRE(summary.origin.has_value());
      CHECK((store.restored(summary.id) == from.states.at(summary.origin->id)));
    }
    CHECK(store.repository.verify({.level = VerifyLevel::frames}, context()).ok());
  }
  void check_copies() { check_copies(to); }

  History from;
  Store to;
};

/// How many snapshots of a report have each state, in the order of their names: "copied 3, present 1".
inline std::string summed_up(const CopyReport& report) {
  std::map<std::string, int> counts;
  for (const SnapshotCopy& copy : report.snapshots) ++counts[std::string(name_of(copy.state))];
  std::string text;
  for (const auto& [state, count] : counts) text += (text.empty() ? "" : ", ") + state + " " + std::to_string(count);
  return text;
}

}  // namespace dbsnap::testing
