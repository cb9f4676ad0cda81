#include "repo/repair_table.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

/// Rows that the table still tells, or a piece of it that is lost.
struct Piece {
  std::vector<ChunkRef> rows;
  bool lost = false;
  std::uint64_t lost_rows = 0;  // how many, where that is known
};

std::uint64_t bytes_of(const std::vector<ChunkRef>& rows) {
  std::uint64_t bytes = 0;
  for (const ChunkRef& row : rows) bytes += row.length;
  return bytes;
}

/// Reads a table as far as it can be read.
class TornTable {
 public:
  TornTable(const ManifestEntry& entry, RepairPacks& packs, FrameStore& frames, const Context& context)
      : packs_(packs), frames_(frames), context_(context) {
    pieces_.emplace_back();
    expand(decode_rows(entry.table_root), entry.table_level);
  }

  [[nodiscard]] const std::vector<Piece>& pieces() const noexcept { return pieces_; }
  [[nodiscard]] bool whole() const {
    return std::ranges::none_of(pieces_, [](const Piece& piece) { return piece.lost; });
  }
  std::vector<ChunkRef> rows() && {
    std::vector<ChunkRef> all;
    for (Piece& piece : pieces_) all.insert(all.end(), piece.rows.begin(), piece.rows.end());
    return all;
  }

 private:
  void expand(const std::vector<ChunkRef>& rows, unsigned level) {
    if (level == 0) {
      auto& known = pieces_.back().rows;
      known.insert(known.end(), rows.begin(), rows.end());
      return;
    }
    for (const ChunkRef& row : rows) {
      if (const auto below = read(row)) {
        expand(*below, level - 1);
        continue;
      }
      pieces_.push_back({.rows = {}, .lost = true, .lost_rows = level == 1 ? row.length / kRowSize : 0});
      pieces_.emplace_back();
    }
  }

  std::optional<std::vector<ChunkRef>> read(const ChunkRef& row) {
    FramePtr keep;
    try {
      return decode_rows(frames_.chunk(row, keep, context_));
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::damaged) throw;
    }
    const auto copy = packs_.find_elsewhere(row.id, row.length);
    if (!copy) return std::nullopt;
    return decode_rows(frames_.chunk(*copy, keep, context_));
  }

  RepairPacks& packs_;
  FrameStore& frames_;
  const Context& context_;
  std::vector<Piece> pieces_;
};

/// Chunks of one entry by where they stand in it.
using RowsByOffset = std::unordered_map<std::uint64_t, ChunkRef>;

RowsByOffset by_offset(const std::vector<ChunkRef>& rows) {
  RowsByOffset placed;
  std::uint64_t offset = 0;
  for (const ChunkRef& row : rows) {
    placed.emplace(offset, row);
    offset += row.length;
  }
  return placed;
}

/// What another snapshot's table says of the entry.
struct Relative {
  std::vector<ChunkRef> rows;
  RowsByOffset placed;
};

class Rebuild {
 public:
  Rebuild(const Manifest& manifest, std::uint32_t position, RepairPacks& packs) : entry_(manifest.entries[position]) {
    gather(manifest, position, packs);
  }

  // What the table still says, where it is clear which bytes that is about: up to the first lost piece
  // of unknown size, and behind the last lost one.
  void place_known(const std::vector<Piece>& pieces, std::uint32_t chunk_size) {
    std::uint64_t offset = 0;
    for (const Piece& piece : pieces) {
      if (piece.lost && (entry_.kind != EntryKind::page_file || piece.lost_rows == 0)) break;
      offset = place(piece.rows, offset) + piece.lost_rows * chunk_size;
    }
    const std::uint64_t tail = bytes_of(pieces.back().rows);
    if (tail <= entry_.size) place(pieces.back().rows, entry_.size - tail);
  }

  /// Rows of the whole entry, or nothing when they do not give its digest. `relative` may be null.
  std::optional<std::vector<ChunkRef>> attempt(const Relative* relative) {
    std::vector<ChunkRef> rows;
    std::uint64_t offset = 0;
    std::size_t cursor = 0;
    while (offset < entry_.size) {
      if (const ChunkRef* row = row_at(offset, relative)) {
        rows.push_back(*row);
        offset += row->length;
        continue;
      }
      if (relative == nullptr || !append_run(*relative, next_known(offset) - offset, cursor, rows)) return std::nullopt;
      offset = next_known(offset);
    }
    EntryDigest digest;
    for (const ChunkRef& row : rows) digest.add(row);
    if (offset != entry_.size || rows.size() != entry_.chunks || digest.finish() != entry_.digest) return std::nullopt;
    return rows;
  }

  /// What no table and no directory tells for certain.
  [[nodiscard]] std::vector<LostRange> unknown() const {
    std::vector<LostRange> ranges;
    std::uint64_t offset = 0;
    while (offset < entry_.size) {
      if (const auto row = known_.find(offset); row != known_.end()) {
        offset += std::max<std::uint64_t>(row->second.length, 1);
        continue;
      }
      const std::uint64_t end = next_known(offset);
      ranges.push_back({entry_.name, offset, end - offset});
      offset = end;
    }
    return ranges;
  }

 private:
  // Chunks that the snapshot's own session wrote stand for certain where they were written. Those of
  // earlier sessions are told by place only where there is no doubt.
  void gather(const Manifest& manifest, std::uint32_t position, RepairPacks& packs) {
    std::map<std::uint64_t, std::set<ChunkId>> seen;
    for (const auto& [id, pack] : packs_of(manifest)) {
      const PackDirectory* const directory = packs.directory(id);
      if (directory == nullptr) continue;
      for (const DirectoryFrame& frame : directory->frames) {
        if (frame.entry != position || frame.table_level != 0) continue;
        for (std::size_t slot = 0; slot < frame.slots.size(); ++slot) {
          const ChunkRef row = frame.row(static_cast<std::uint16_t>(slot));
          const std::uint64_t offset = frame.slots[slot].offset;
          if (to_text(id.session) == manifest.id) {
            known_.insert_or_assign(offset, row);
          } else if (seen[offset].insert(row.id).second) {
            guesses_.insert_or_assign(offset, row);
          }
        }
      }
    }
    for (const auto& [offset, ids] : seen) {
      if (ids.size() > 1) guesses_.erase(offset);
    }
  }

  std::uint64_t place(const std::vector<ChunkRef>& rows, std::uint64_t offset) {
    for (const ChunkRef& row : rows) {
      known_.insert_or_assign(offset, row);
      offset += row.length;
    }
    return offset;
  }

  const ChunkRef* row_at(std::uint64_t offset, const Relative* relative) const {
    const auto in = [&](const RowsByOffset& rows) -> const ChunkRef* {
      const auto found = rows.find(offset);
      const bool fits =
          found != rows.end() && found->second.length > 0 && offset + found->second.length <= next_known(offset);
      return fits ? &found->second : nullptr;
    };
    if (const auto found = known_.find(offset); found != known_.end() && found->second.length > 0)
      return &found->second;
    if (entry_.kind == EntryKind::stream) return relative == nullptr ? in(guesses_) : nullptr;
    if (const ChunkRef* guess = in(guesses_)) return guess;
    return relative == nullptr ? nullptr : in(relative->placed);
  }

  // Start of the first chunk behind `offset` that is known for certain, or the entry's end.
  [[nodiscard]] std::uint64_t next_known(std::uint64_t offset) const {
    const auto next = known_.upper_bound(offset);
    return next == known_.end() ? entry_.size : std::min(next->first, entry_.size);
  }

  // Between chunks that a stream stored anew stands what it shared with its parent: a run of the
  // parent's chunks that fills the space exactly.
  static bool append_run(const Relative& relative, std::uint64_t bytes, std::size_t& cursor,
                         std::vector<ChunkRef>& rows) {
    std::unordered_map<std::uint64_t, std::size_t> start_at;  // bytes before a row, and the row
    std::uint64_t end = 0;
    for (std::size_t i = cursor; i < relative.rows.size(); ++i) {
      start_at.try_emplace(end, i);
      end += relative.rows[i].length;
      const auto start = end >= bytes ? start_at.find(end - bytes) : start_at.end();
      if (start == start_at.end()) continue;
      rows.insert(rows.end(), relative.rows.begin() + static_cast<std::ptrdiff_t>(start->second),
                  relative.rows.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      cursor = i + 1;
      return true;
    }
    return false;
  }

  const ManifestEntry& entry_;
  std::map<std::uint64_t, ChunkRef> known_;
  RowsByOffset guesses_;
};

std::optional<Relative> rows_of(const Manifest& manifest, const ManifestEntry& like, RepairPacks& packs,
                                FrameStore& frames, const Context& context) {
  const auto entry = std::ranges::find(manifest.entries, like.name, &ManifestEntry::name);
  if (entry == manifest.entries.end() || entry->kind != like.kind) return std::nullopt;
  TornTable table(*entry, packs, frames, context);
  if (!table.whole()) return std::nullopt;
  Relative relative{.rows = std::move(table).rows(), .placed = {}};
  relative.placed = by_offset(relative.rows);
  return relative;
}

}  // namespace

FoundRows find_rows(const Manifest& manifest, std::uint32_t position, const std::vector<Manifest>& relatives,
                    std::uint32_t chunk_size, RepairPacks& packs, FrameStore& frames, const Context& context) {
  const ManifestEntry& entry = manifest.entries.at(position);
  TornTable table(entry, packs, frames, context);
  if (table.whole()) return {.rows = std::move(table).rows(), .rebuilt = false, .lost = {}};
  Rebuild rebuild(manifest, position, packs);
  rebuild.place_known(table.pieces(), chunk_size);
  if (auto rows = rebuild.attempt(nullptr)) return {.rows = *std::move(rows), .rebuilt = true, .lost = {}};
  for (const Manifest& relative : relatives) {
    context.check();
    const auto other = rows_of(relative, entry, packs, frames, context);
    if (!other) continue;
    if (auto rows = rebuild.attempt(&*other)) return {.rows = *std::move(rows), .rebuilt = true, .lost = {}};
  }
  FoundRows failed{.rows = {}, .rebuilt = false, .lost = rebuild.unknown()};
  if (failed.lost.empty()) failed.lost.push_back({entry.name, 0, entry.size});
  return failed;
}

}  // namespace dbsnap
