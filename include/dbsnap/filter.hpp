// Filter: which snapshots to look at.
#pragma once

#include <string>
#include <vector>

namespace dbsnap {

/// Which snapshots to look at. Empty members match everything.
struct SnapshotFilter {
  std::string source = {};             ///< source name, URL, key, or engine
  std::vector<std::string> tags = {};  ///< all of these
};

}  // namespace dbsnap
