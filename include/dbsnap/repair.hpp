// Repair: making damaged snapshots whole again out of what is still stored.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace dbsnap {

struct RepairOptions {
  /// Snapshots to look at; empty: those that a verify has marked as damaged or that lack a pack.
  std::vector<std::string> ids = {};
  bool dry_run = false;  ///< only say what could be done; nothing is written
  unsigned threads = 0;  ///< as in SnapshotOptions
};

/// Bytes of an entry that are stored nowhere any more, or that no table finds.
struct LostRange {
  std::string entry;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// What was found and done about one damaged snapshot.
struct SnapshotRepair {
  std::string id;
  std::vector<std::string> damaged;  ///< keys of its damaged and missing objects
  std::uint64_t tables_rebuilt = 0;  ///< entries whose chunk table was put together again
  std::uint64_t chunks_found = 0;    ///< lost chunks that another pack holds whole
  std::uint64_t chunks_rescued = 0;  ///< chunks that are readable in a damaged pack, and are stored anew
  std::vector<LostRange> lost;       ///< in the order of the manifest's entries
  std::string why;                   ///< why nothing can be rebuilt, where it is not for lost bytes
  std::string rebuilt_as;            ///< snapshot that replaces it; empty when there is none (yet)

  /// True when all of its data is there: in `rebuilt_as`, or after a run that is no dry run.
  [[nodiscard]] bool whole() const noexcept { return lost.empty() && why.empty(); }
};

struct RepairReport {
  bool dry_run = false;
  std::uint64_t snapshots = 0;          ///< looked at
  std::vector<SnapshotRepair> damaged;  ///< those of them that are damaged

  /// True when nothing is lost.
  [[nodiscard]] bool ok() const noexcept { return std::ranges::all_of(damaged, &SnapshotRepair::whole); }
};

}  // namespace dbsnap
