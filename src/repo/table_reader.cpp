#include "repo/table_reader.hpp"

#include "dbsnap/error.hpp"

namespace dbsnap {

TableReader::TableReader(FrameStore& frames, const ManifestEntry& entry, unsigned level)
    : frames_(frames), level_(level) {
  if (level > entry.table_level) return;
  levels_.resize(entry.table_level - level + 1);
  levels_.front().rows = decode_rows(entry.table_root);
}

std::optional<ChunkRef> TableReader::next(const Context& context) {
  if (levels_.empty()) return std::nullopt;
  Level& bottom = levels_.back();
  if (bottom.next == bottom.rows.size() && !refill(levels_.size() - 1, context)) return std::nullopt;
  return bottom.rows[bottom.next++];
}

bool TableReader::refill(std::size_t depth, const Context& context) {
  if (depth == 0) return false;
  Level& above = levels_[depth - 1];
  if (above.next == above.rows.size() && !refill(depth - 1, context)) return false;
  const ChunkRef& row = above.rows[above.next++];
  if (listener_) listener_(row, level_ + static_cast<unsigned>(levels_.size() - depth));
  FramePtr keep;
  levels_[depth] = {decode_rows(frames_.chunk(row, keep, context)), 0};
  if (levels_[depth].rows.empty()) throw Error(ErrorCode::damaged, "a chunk table holds an empty chunk");
  return true;
}

void for_each_chunk(TableReader& table, const ManifestEntry& entry, const Context& context,
                    const std::function<void(const ChunkRef&, std::uint64_t offset)>& visit) {
  const auto damaged = [&](const char* what) {
    return Error(ErrorCode::damaged, "the chunk table of entry " + entry.name + " " + what);
  };
  EntryDigest digest;
  std::uint64_t offset = 0;
  std::uint64_t chunks = 0;
  while (const auto row = table.next(context)) {
    if (++chunks > entry.chunks || row->length > entry.size - offset) throw damaged("is longer than the entry");
    visit(*row, offset);
    digest.add(*row);
    offset += row->length;
  }
  if (chunks != entry.chunks || offset != entry.size) throw damaged("is shorter than the entry");
  if (digest.finish() != entry.digest) throw damaged("does not match the entry's digest");
}

}  // namespace dbsnap
