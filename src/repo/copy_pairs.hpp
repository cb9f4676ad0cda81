// Copy pairs: chunks of an earlier snapshot of the source repository beside the same chunks of its copy.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

#include "dbsnap/error.hpp"
#include "dbsnap/manifest.hpp"
#include "format/chunk_table.hpp"
#include "repo/frame_store.hpp"

namespace dbsnap {

/// One chunk in two repositories, which name it by different ids and keep it at different places.
struct ChunkPair {
  ChunkRef from;  ///< in the source repository
  ChunkRef to;    ///< in the target repository
};

/// Gives the pairs of an entry in the order of its chunks; nothing at the end.
using PairSource = std::function<std::optional<ChunkPair>(const Context&)>;

/// Pairs out of both tables of an entry that was copied before. They end where the two do not cut alike.
PairSource pairs_of_tables(FrameStore& from_frames, const ManifestEntry& from, FrameStore& to_frames,
                           const ManifestEntry& to);
/// Pairs out of one table, each chunk beside itself: of an entry in the target, where both repositories name chunks
/// alike; of one in the source, to see what a copy would find.
PairSource pairs_of_table(FrameStore& frames, const ManifestEntry& entry);

/// Finds the chunks of an entry that is being copied among those of an earlier snapshot. One thread.
class CopyMatcher {
 public:
  virtual ~CopyMatcher() = default;
  /// The target's row of the chunk that follows, `row` in the source repository; nothing when it must be read.
  virtual std::optional<ChunkRef> find(const ChunkRef& row, std::uint64_t offset, const Context& context) = 0;
};

/// What a matcher tells beside its answers.
struct MatcherListener {
  /// The earlier snapshot's tables cannot be read any further: nothing is found any more.
  std::function<void(const Error&)> lost = [](const Error&) {};
  /// A chunk of the earlier snapshot that the one that was not found just now may replace. May be told several times.
  std::function<void(const ChunkPair&)> replaced = [](const ChunkPair&) {};
};

/// For page files by offset, for streams by id in a window around the last chunk that was found. Rows in `unusable`
/// packs of the target (borrowed) are never found.
std::unique_ptr<CopyMatcher> make_copy_matcher(EntryKind kind, PairSource pairs, const std::set<PackId>& unusable,
                                               MatcherListener listener);

}  // namespace dbsnap
