// Pack directory: which frames a pack holds, and of which chunks they are made.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "format/frame.hpp"

namespace dbsnap {

/// One chunk of a frame.
struct DirectorySlot {
  ChunkId id{};
  std::uint64_t offset = 0;  ///< where the chunk stands in its stream
  std::uint32_t length = 0;  ///< plain bytes
  bool operator==(const DirectorySlot&) const = default;
};

/// One frame. Entry and table level as in its prelude.
struct DirectoryFrame {
  FrameRef place;
  std::uint8_t depth = 0;
  std::uint32_t entry = 0;
  std::uint8_t table_level = 0;
  std::vector<DirectorySlot> slots;
  bool operator==(const DirectoryFrame&) const = default;

  /// The chunk in `slot` as a chunk table names it.
  [[nodiscard]] ChunkRef row(std::uint16_t slot) const {
    const DirectorySlot& chunk = slots.at(slot);
    return {.id = chunk.id, .at = {place, slot}, .length = chunk.length, .depth = depth};
  }
};

struct PackDirectory {
  std::set<PackId> bases;  ///< packs that the delta frames are based on; this one may be among them
  std::vector<DirectoryFrame> frames;
};

/// Appends what the directory says of one frame; frames follow one another without gaps.
void append_directory_frame(const DirectoryFrame& frame, Bytes& out);
/// The directory of which `frames` holds the frames' part.
Bytes encode_directory(const std::set<PackId>& bases, ByteView frames);

/// Directory of the pack `id`, whose frames end at `end`. Throws Error{damaged} for anything that is
/// not a list of frames which fill the pack from its header to `end`.
PackDirectory decode_directory(ByteView bytes, const PackId& id, std::uint64_t end);

}  // namespace dbsnap
