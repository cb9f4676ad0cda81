// Frame: header, prelude and body, as they stand in a pack.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "format/chunk_table.hpp"
#include "format/frame_codec.hpp"
#include "format/keys.hpp"

namespace dbsnap {

inline constexpr std::size_t kFrameHeaderSize = 24;
/// Prelude bytes are bounded so that a damaged header cannot ask for much memory.
inline constexpr std::uint32_t kMaxPreludeSize = 1U << 20;

/// What stands in clear before every frame; enough to walk a pack without a key.
struct FrameHeader {
  FrameEncoding encoding = FrameEncoding::stored;
  std::uint8_t depth = 0;
  std::uint16_t slots = 0;         ///< chunks in the frame
  std::uint32_t prelude_size = 0;  ///< sealed bytes that follow the header
  std::uint32_t body_size = 0;     ///< sealed bytes that follow the prelude
  std::uint32_t plain_size = 0;    ///< bytes of all chunks together

  /// Stored bytes of the whole frame.
  [[nodiscard]] std::uint64_t stored_size() const noexcept {
    return kFrameHeaderSize + std::uint64_t{prelude_size} + body_size;
  }
};

void append_header(const FrameHeader& header, Bytes& out);
/// Throws Error{damaged} unless `bytes` starts with a sound header.
FrameHeader decode_header(ByteView bytes);

/// One chunk of a frame.
struct Slot {
  static constexpr std::uint16_t kNoBase = UINT16_MAX;
  std::uint64_t offset = 0;      ///< where the chunk stands in its stream
  std::uint32_t length = 0;      ///< plain bytes
  std::uint16_t base = kNoBase;  ///< position in Prelude::bases of the chunk it replaces
};

/// What a frame holds, sealed apart from the body.
struct Prelude {
  std::uint32_t entry = 0;       ///< position of the entry in the manifest
  std::uint8_t table_level = 0;  ///< 0 = the entry's own bytes, 1 = its chunk table, 2 = the table of that …
  std::vector<Slot> slots;
  std::vector<SlotRef> bases;  ///< chunks whose plain bytes, one after the other, are the body's prefix
};

Bytes encode_prelude(const Prelude& prelude);
/// Throws Error{damaged} unless `bytes` is the prelude that goes with `header`.
Prelude decode_prelude(ByteView bytes, const FrameHeader& header);

/// A frame ready to be placed.
struct Frame {
  Prelude prelude;
  EncodedBody body;
  std::uint8_t depth = 0;
  std::uint32_t plain_size = 0;
  std::vector<ChunkId> ids;  ///< of its chunks; they stand in the pack's directory only
};

/// Seals `frame` for the place at `offset` of a pack and appends it to `out`; returns its length.
std::uint32_t append_frame(const Frame& frame, const Sealer& sealer, std::uint32_t offset, Bytes& out);

/// A frame whose seals have been opened; the body is still encoded.
struct OpenedFrame {
  FrameHeader header;
  Prelude prelude;
  Bytes body;
};
/// Throws Error{damaged} unless `bytes` is exactly the frame that was placed at `offset`.
OpenedFrame open_frame(ByteView bytes, const Sealer& sealer, std::uint32_t offset);

}  // namespace dbsnap
