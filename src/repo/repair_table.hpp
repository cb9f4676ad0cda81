// Repair table: the rows of an entry's chunk table, put together again where parts of it are lost.
#pragma once

#include <cstdint>
#include <vector>

#include "dbsnap/manifest.hpp"
#include "dbsnap/repair.hpp"
#include "repo/repair_packs.hpp"

namespace dbsnap {

struct FoundRows {
  std::vector<ChunkRef> rows;   ///< of the entry's own chunks, in order; all of them when nothing is lost
  bool rebuilt = false;         ///< some come from elsewhere than the table
  std::vector<LostRange> lost;  ///< what cannot be found
};

/// Rows of entry `position` of `manifest`, proven against the entry's digest. What its table no longer
/// says comes from the directories of the packs it needs, and from the tables of `relatives`, other
/// snapshots of the source, nearest first. `chunk_size` is the repository's.
FoundRows find_rows(const Manifest& manifest, std::uint32_t position, const std::vector<Manifest>& relatives,
                    std::uint32_t chunk_size, RepairPacks& packs, FrameStore& frames, const Context& context);

}  // namespace dbsnap
