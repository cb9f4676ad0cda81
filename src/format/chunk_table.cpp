#include "format/chunk_table.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "format/byte_io.hpp"

namespace dbsnap {
namespace {

constexpr unsigned kChunkLengthShift = 24;
constexpr unsigned kSlotShift = 48;
constexpr unsigned kDepthShift = 60;

ChunkRef decode_row(ByteCursor& cursor) {
  ChunkRef row;
  std::ranges::copy(cursor.bytes(row.id.size()), row.id.begin());
  std::ranges::copy(cursor.bytes(row.at.frame.pack.session.size()), row.at.frame.pack.session.begin());
  row.at.frame.pack.number = cursor.u32();
  row.at.frame.offset = cursor.u32();
  const std::uint64_t bits = cursor.u64();
  row.at.frame.length = static_cast<std::uint32_t>(bits & kMaxFrameLength);
  row.length = static_cast<std::uint32_t>(bits >> kChunkLengthShift & kMaxChunkLength);
  row.at.slot = static_cast<std::uint16_t>(bits >> kSlotShift & (kMaxSlots - 1));
  row.depth = static_cast<std::uint8_t>(bits >> kDepthShift);
  return row;
}

}  // namespace

void append_row(const ChunkRef& row, Bytes& out) {
  if (row.at.frame.length > kMaxFrameLength || row.length > kMaxChunkLength || row.at.slot >= kMaxSlots ||
      row.depth > kMaxDepth) {
    throw Error(ErrorCode::internal, "a chunk does not fit into a chunk table's row");
  }
  ByteWriter(out)
      .bytes(row.id)
      .bytes(row.at.frame.pack.session)
      .u32(row.at.frame.pack.number)
      .u32(row.at.frame.offset)
      .u64(static_cast<std::uint64_t>(row.at.frame.length) |
           static_cast<std::uint64_t>(row.length) << kChunkLengthShift |
           static_cast<std::uint64_t>(row.at.slot) << kSlotShift |
           static_cast<std::uint64_t>(row.depth) << kDepthShift);
}

std::vector<ChunkRef> decode_rows(ByteView bytes) {
  if (bytes.size() % kRowSize != 0) throw Error(ErrorCode::damaged, "a chunk table does not hold whole rows");
  std::vector<ChunkRef> rows;
  rows.reserve(bytes.size() / kRowSize);
  ByteCursor cursor(bytes, "a chunk table");
  while (cursor.left() != 0) rows.push_back(decode_row(cursor));
  return rows;
}

void EntryDigest::add(const ChunkRef& row) {
  Bytes bytes;
  ByteWriter(bytes).bytes(row.id).u32(row.length);
  hash_.update(bytes);
}

std::string EntryDigest::finish() { return to_hex(hash_.finish()); }

}  // namespace dbsnap
