// Chunk table: for every chunk of an entry, in order, its id and where it is stored.
#pragma once

#include <cstdint>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "format/keys.hpp"
#include "format/names.hpp"

namespace dbsnap {

/// Where a frame is: `length` stored bytes, header included, from `offset` of a pack.
struct FrameRef {
  PackId pack;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  auto operator<=>(const FrameRef&) const = default;
};

/// One chunk inside a frame.
struct SlotRef {
  FrameRef frame;
  std::uint16_t slot = 0;
  auto operator<=>(const SlotRef&) const = default;
};

/// One row of a chunk table. Says all that is needed to read the chunk, so that a row is the same
/// bytes in every snapshot that shares the chunk, and tables of successive snapshots share chunks.
struct ChunkRef {
  ChunkId id{};
  SlotRef at;
  std::uint32_t length = 0;  ///< plain bytes
  std::uint8_t depth = 0;    ///< deltas to undo before the chunk is plain; 0 = none
  bool operator==(const ChunkRef&) const = default;
};

inline constexpr std::size_t kRowSize = 64;
/// What the row's bit fields can hold.
inline constexpr std::uint32_t kMaxFrameLength = (1U << 24) - 1;
inline constexpr std::uint32_t kMaxChunkLength = (1U << 24) - 1;
inline constexpr std::uint32_t kMaxSlots = 1U << 12;
inline constexpr std::uint8_t kMaxDepth = 15;

void append_row(const ChunkRef& row, Bytes& out);
/// Rows of a table chunk, or of a manifest's table root. Throws Error{damaged} when the size is not a
/// whole number of rows.
std::vector<ChunkRef> decode_rows(ByteView bytes);

/// Digest of an entry: SHA-256 over the id and the length (u32, little-endian) of each of its chunks in order.
class EntryDigest {
 public:
  void add(const ChunkRef& row);
  /// Hex digits.
  std::string finish();

 private:
  Sha256 hash_;
};

}  // namespace dbsnap
