// Expected rows: what chunk tables say of the chunks in some packs, a bounded number of rows at a time.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "format/chunk_table.hpp"

namespace dbsnap {

/// Gathers rows of all tables by pack. Tables are read in the order of entries, packs in the order of
/// packs: when the rows of all packs do not fit, the last packs are put off to another pass over the tables.
class ExpectedRows {
 public:
  struct Row {
    std::uint32_t place = 0;   ///< of the pack in reading order
    std::uint32_t offset = 0;  ///< of the frame in the pack
    std::uint32_t length = 0;  ///< of the frame
    std::uint16_t slot = 0;
    std::uint64_t mark = 0;  ///< mark_of() the chunk
    auto operator<=>(const Row&) const = default;
  };
  /// Stands for id and length of a chunk.
  static std::uint64_t mark_of(const ChunkId& id, std::uint64_t length);

  /// Holds at most `most_rows` at once, unless a single pack has more; 24 bytes each.
  explicit ExpectedRows(std::size_t most_rows) : most_rows_(most_rows) {}

  /// Starts a pass: only packs in `places` from position `first` on are gathered for.
  void begin(const std::unordered_map<PackId, std::uint32_t, PackIdHash>& places, std::uint32_t first);
  void add(const ChunkRef& row);
  /// Ends the pass; packs from begin()'s first to the result, exclusive, have all their rows.
  std::uint32_t finish();
  /// Rows of one of these packs, by frame and slot, each once.
  [[nodiscard]] std::span<const Row> of(std::uint32_t place) const;

 private:
  void make_room();
  void sort();

  const std::size_t most_rows_;
  const std::unordered_map<PackId, std::uint32_t, PackIdHash>* places_ = nullptr;
  std::uint32_t first_ = 0;
  std::uint32_t end_ = 0;
  PackId last_id_;  // consecutive rows mostly name the same pack
  std::uint32_t last_place_ = 0;
  std::vector<Row> rows_;
  std::size_t full_at_ = 0;
};

}  // namespace dbsnap
