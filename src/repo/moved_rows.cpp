#include "repo/moved_rows.hpp"

#include <algorithm>

#include "dbsnap/error.hpp"
#include "repo/stream_writer.hpp"

namespace dbsnap {
namespace {

// How often tables are written again because packs that hold them moved too.
constexpr unsigned kRewrites = 4;

PackId place_of(const PackId& pack, const MovedPacks& moved) {
  const auto found = moved.find(pack);
  return found == moved.end() ? pack : found->second;
}

/// Makes every row name the pack that is in the store; says whether one did not.
bool move_rows(std::vector<ChunkRef>& rows, const MovedPacks& moved) {
  bool changed = false;
  for (ChunkRef& row : rows) {
    const PackId place = place_of(row.at.frame.pack, moved);
    changed = changed || place != row.at.frame.pack;
    row.at.frame.pack = place;
  }
  return changed;
}

Bytes encode_rows(const std::vector<ChunkRef>& rows) {
  Bytes bytes;
  for (const ChunkRef& row : rows) append_row(row, bytes);
  return bytes;
}

/// Hands the chunks of an entry's table to a writer: those that named a moved pack anew, all others as they are stored.
class TableMover {
 public:
  TableMover(const MovedPacks& moved, const StoreServices& services, StreamWriter& out)
      : moved_(moved), services_(services), out_(out) {}

  /// `rows` stand for tables of `level`; level 1 are those of the entry's own chunks.
  void walk(std::vector<ChunkRef> rows, unsigned level) {
    move_rows(rows, moved_);
    for (const ChunkRef& row : rows) {
      services_.context.check();
      FramePtr keep;
      std::vector<ChunkRef> below = decode_rows(services_.parent_frames.chunk(row, keep, services_.context));
      if (level > 1) {
        walk(std::move(below), level - 1);
      } else if (move_rows(below, moved_)) {
        const Bytes bytes = encode_rows(below);
        out_.add(services_.state.keys.chunk_id(bytes), bytes);
      } else {
        out_.add_stored(row);
      }
    }
  }

 private:
  const MovedPacks& moved_;
  const StoreServices& services_;
  StreamWriter& out_;
};

bool names_any(const std::set<PackId>& packs, const MovedPacks& moved) {
  return std::ranges::any_of(moved, [&](const auto& move) { return packs.contains(move.first); });
}

void rewrite(StoredEntry& stored, std::uint32_t position, const MovedPacks& moved, const StoreServices& services) {
  ManifestEntry& entry = stored.entry;
  std::set<PackId> packs;
  for (const PackId& pack : stored.packs) packs.insert(place_of(pack, moved));
  std::vector<ChunkRef> root = decode_rows(entry.table_root);
  if (entry.table_level == 0) {
    move_rows(root, moved);
    entry.table_root = encode_rows(root);
  } else {
    StreamWriter table(services, {.entry = position, .kind = entry.kind, .level = 1}, stored.parent);
    TableMover(moved, services, table).walk(std::move(root), entry.table_level);
    StreamWriter::Result result = table.finish();
    if (result.size != entry.chunks * kRowSize) {
      throw Error(ErrorCode::internal, "the table of entry " + entry.name + " was not written again as it was");
    }
    entry.table_level = result.table_level + 1;
    entry.table_root = std::move(result.table_root);
    packs.merge(result.packs);
  }
  stored.packs = std::move(packs);
}

}  // namespace

KnownPacks settle_packs(std::vector<StoredEntry>& entries, const StoreServices& services) {
  for (unsigned rewrites = 0;; ++rewrites) {
    services.packs.flush();
    const MovedPacks moved = services.packs.moved();
    bool settled = true;
    for (std::uint32_t i = 0; i < entries.size(); ++i) {
      if (!names_any(entries[i].packs, moved)) continue;
      if (rewrites == kRewrites) {
        throw Error(ErrorCode::storage_unreachable, "the store loses the answers to most puts of packs").retryable();
      }
      rewrite(entries[i], i, moved, services);
      settled = false;
    }
    if (settled) return services.packs.written();
  }
}

}  // namespace dbsnap
