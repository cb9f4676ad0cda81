// Copy bases: chunks that a copied snapshot replaces, in both repositories, so that their bytes can come from the one
// where reading is cheap: deltas of the source are then read without their bases, and deltas made for a target that is
// far away without reading it.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "repo/copy_pairs.hpp"

namespace dbsnap {

/// Remembers the latest ones. Safe from many threads.
class CopyBases {
 public:
  void note(const ChunkPair& pair);
  /// Where the target keeps the chunk that the source keeps at `from`; nothing when it is not remembered.
  [[nodiscard]] std::optional<ChunkRef> in_target(const SlotRef& from) const;
  /// The other way round.
  [[nodiscard]] std::optional<ChunkRef> in_source(const SlotRef& to) const;

 private:
  mutable std::mutex mutex_;
  std::map<SlotRef, ChunkRef> to_by_from_;
  std::map<SlotRef, ChunkRef> from_by_to_;
  std::deque<ChunkPair> order_;  // oldest first
};

}  // namespace dbsnap
