#include "format/pack_directory.hpp"

#include <algorithm>
#include <utility>

#include "format/byte_io.hpp"
#include "format/pack.hpp"

namespace dbsnap {
namespace {

// What an item takes at least, so that no count in a damaged directory can ask for more memory than it has bytes.
constexpr std::size_t kLeastBase = 17;
constexpr std::size_t kLeastSlot = 34;

std::set<PackId> decode_bases(ByteCursor& in) {
  std::set<PackId> bases;
  for (std::uint64_t count = in.varint(in.left() / kLeastBase); count > 0; --count) {
    PackId base;
    std::ranges::copy(in.bytes(base.session.size()), base.session.begin());
    base.number = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
    bases.insert(base);
  }
  return bases;
}

DirectoryFrame decode_frame(ByteCursor& in, const PackId& id, std::uint64_t offset) {
  DirectoryFrame frame;
  frame.place.pack = id;
  frame.place.offset = static_cast<std::uint32_t>(offset);
  frame.place.length = static_cast<std::uint32_t>(in.varint(kMaxFrameLength));
  if (frame.place.length < kFrameHeaderSize) throw in.fault("a frame is shorter than its header");
  frame.depth = in.u8();
  if (frame.depth > kMaxDepth) throw in.fault("a frame is too deep");
  frame.entry = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  frame.table_level = in.u8();
  frame.slots.resize(in.varint(std::min<std::uint64_t>(kMaxSlots, in.left() / kLeastSlot)));
  if (frame.slots.empty()) throw in.fault("a frame holds no chunk");
  std::uint64_t end = 0;
  for (DirectorySlot& slot : frame.slots) {
    std::ranges::copy(in.bytes(slot.id.size()), slot.id.begin());
    slot.offset = end + in.varint(UINT64_MAX - kMaxChunkLength - end);
    slot.length = static_cast<std::uint32_t>(in.varint(kMaxChunkLength));
    end = slot.offset + slot.length;
    if (end > UINT64_MAX - kMaxChunkLength) throw in.fault("a chunk lies out of bounds");
  }
  return frame;
}

}  // namespace

void append_directory_frame(const DirectoryFrame& frame, Bytes& out) {
  ByteWriter writer(out);
  writer.varint(frame.place.length).u8(frame.depth).varint(frame.entry).u8(frame.table_level);
  writer.varint(frame.slots.size());
  std::uint64_t end = 0;
  for (const DirectorySlot& slot : frame.slots) {
    writer.bytes(slot.id).varint(slot.offset - end).varint(slot.length);
    end = slot.offset + slot.length;
  }
}

Bytes encode_directory(const std::set<PackId>& bases, ByteView frames) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.varint(bases.size());
  for (const PackId& base : bases) writer.bytes(base.session).varint(base.number);
  writer.bytes(frames);
  return bytes;
}

PackDirectory decode_directory(ByteView bytes, const PackId& id, std::uint64_t end) {
  ByteCursor in(bytes, "a pack's directory");
  PackDirectory directory;
  directory.bases = decode_bases(in);
  std::uint64_t offset = kPackHeaderSize;
  while (in.left() != 0) {
    directory.frames.push_back(decode_frame(in, id, offset));
    offset += directory.frames.back().place.length;
    if (offset > end) break;
  }
  if (offset != end) throw in.fault("its frames do not fill the pack");
  return directory;
}

}  // namespace dbsnap
