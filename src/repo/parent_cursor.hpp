// Parent cursor: walks the parent snapshot's chunk table beside the entry that is being stored.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "dbsnap/error.hpp"
#include "dbsnap/manifest.hpp"
#include "format/chunk_table.hpp"
#include "repo/frame_store.hpp"

namespace dbsnap {

/// Tells, chunk by chunk in order, which ones the parent holds, and which chunks of the parent a
/// run of new ones replaces. One thread.
class ParentCursor {
 public:
  virtual ~ParentCursor() = default;

  /// The parent's row for the chunk that follows, or nothing when the parent does not hold it.
  virtual std::optional<ChunkRef> match(const ChunkId& id, std::uint64_t offset, std::uint32_t length,
                                        const Context& context) = 0;

  /// The parent's chunks that the new chunks since the last call, `bytes` long together, replace, in
  /// order. `run_ended`: the match() just before found a chunk, so the run of new ones is over.
  virtual std::vector<ChunkRef> replaced_by(std::uint64_t bytes, bool run_ended) = 0;
};

/// For page files: a chunk is compared with, and replaces, the one at the same offset.
std::unique_ptr<ParentCursor> make_offset_cursor(FrameStore& frames, const ManifestEntry& entry, unsigned level);
/// For streams: a chunk is looked for in a window of the parent's rows around the last one that
/// matched; a run replaces what lies between its two neighbours that match.
std::unique_ptr<ParentCursor> make_content_cursor(FrameStore& frames, const ManifestEntry& entry, unsigned level);
/// `inner` over a parent that may be damaged: chunks in `unusable` packs (borrowed) neither match nor
/// are replaced, and once the parent's table cannot be read, `on_lost` is told and nothing matches.
std::unique_ptr<ParentCursor> make_guarded_cursor(std::unique_ptr<ParentCursor> inner, const std::set<PackId>& unusable,
                                                  std::function<void(const Error&)> on_lost);
/// Where there is no parent.
std::unique_ptr<ParentCursor> make_empty_cursor();

}  // namespace dbsnap
