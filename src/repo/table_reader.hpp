// Table reader: the rows of a stored entry's chunk table, one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "dbsnap/manifest.hpp"
#include "format/chunk_table.hpp"
#include "repo/frame_store.hpp"

namespace dbsnap {

/// Walks the rows of one level of an entry: level 0 are the entry's own chunks, level 1 the chunks
/// of its chunk table, and so on up to ManifestEntry::table_level, whose rows stand in the manifest.
/// Holds one table chunk per level. Throws Error{damaged}.
class TableReader {
 public:
  /// All references are borrowed.
  TableReader(FrameStore& frames, const ManifestEntry& entry, unsigned level = 0);

  /// Next row, or nothing at the end.
  std::optional<ChunkRef> next(const Context& context);

  /// Is told every row of the levels above that is passed on the way, before the rows it stands for.
  void on_table_row(std::function<void(const ChunkRef&, unsigned level)> listener) { listener_ = std::move(listener); }

 private:
  struct Level {
    std::vector<ChunkRef> rows;
    std::size_t next = 0;
  };

  bool refill(std::size_t depth, const Context& context);

  FrameStore& frames_;
  const unsigned level_;
  std::vector<Level> levels_;  // front: the manifest's rows; back: the level asked for
  std::function<void(const ChunkRef&, unsigned level)> listener_;
};

/// Calls `visit` with every row of the entry's own chunks and its offset, then checks count, size
/// and digest against the manifest.
void for_each_chunk(TableReader& table, const ManifestEntry& entry, const Context& context,
                    const std::function<void(const ChunkRef&, std::uint64_t offset)>& visit);

}  // namespace dbsnap
