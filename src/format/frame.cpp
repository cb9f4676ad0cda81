#include "format/frame.hpp"

#include <algorithm>
#include <string>

#include "format/byte_io.hpp"

namespace dbsnap {
namespace {

constexpr std::string_view kMagic = "DSFR";
constexpr std::uint8_t kVersion = 1;

// Each offset of a pack gives two positions to seal at.
std::uint64_t prelude_position(std::uint32_t offset) { return std::uint64_t{offset} * 2; }
std::uint64_t body_position(std::uint32_t offset) { return std::uint64_t{offset} * 2 + 1; }

Error damaged(std::string_view what) { return Error(ErrorCode::damaged, "a frame is damaged: " + std::string(what)); }

void encode_bases(const std::vector<SlotRef>& bases, ByteWriter& out) {
  std::vector<PackId> packs;
  for (const SlotRef& base : bases) packs.push_back(base.frame.pack);
  std::ranges::sort(packs);
  packs.erase(std::unique(packs.begin(), packs.end()), packs.end());
  out.varint(packs.size());
  for (const PackId& pack : packs) out.bytes(pack.session).varint(pack.number);
  out.varint(bases.size());
  for (const SlotRef& base : bases) {
    const auto pack = std::ranges::lower_bound(packs, base.frame.pack);
    out.varint(static_cast<std::uint64_t>(pack - packs.begin()))
        .varint(base.frame.offset)
        .varint(base.frame.length)
        .varint(base.slot);
  }
}

std::vector<SlotRef> decode_bases(ByteCursor& in) {
  std::vector<PackId> packs(in.varint(in.left() / 17));
  for (PackId& pack : packs) {
    std::ranges::copy(in.bytes(pack.session.size()), pack.session.begin());
    pack.number = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  }
  std::vector<SlotRef> bases(in.varint(in.left() / 4));
  for (SlotRef& base : bases) {
    const std::uint64_t pack = in.varint();
    if (pack >= packs.size()) throw in.fault("a base lies in no pack");
    base.frame.pack = packs[pack];
    base.frame.offset = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
    base.frame.length = static_cast<std::uint32_t>(in.varint(kMaxFrameLength));
    base.slot = static_cast<std::uint16_t>(in.varint(kMaxSlots - 1));
  }
  return bases;
}

}  // namespace

void append_header(const FrameHeader& header, Bytes& out) {
  ByteWriter(out)
      .text(kMagic)
      .u8(kVersion)
      .u8(static_cast<std::uint8_t>(header.encoding))
      .u8(header.depth)
      .u8(0)
      .u16(header.slots)
      .u16(0)
      .u32(header.prelude_size)
      .u32(header.body_size)
      .u32(header.plain_size);
}

FrameHeader decode_header(ByteView bytes) {
  ByteCursor in(bytes, "a frame");
  if (as_text(in.bytes(kMagic.size())) != kMagic) throw damaged("it does not start as one");
  if (in.u8() != kVersion) throw damaged("its version is unknown");
  FrameHeader header;
  const std::uint8_t encoding = in.u8();
  if (encoding > static_cast<std::uint8_t>(FrameEncoding::zstd_delta)) throw damaged("its encoding is unknown");
  header.encoding = static_cast<FrameEncoding>(encoding);
  header.depth = in.u8();
  in.u8();
  header.slots = in.u16();
  in.u16();
  header.prelude_size = in.u32();
  header.body_size = in.u32();
  header.plain_size = in.u32();
  if (header.depth > kMaxDepth || header.slots == 0 || header.slots > kMaxSlots ||
      header.prelude_size > kMaxPreludeSize || header.prelude_size < kTagSize || header.body_size < kTagSize ||
      header.stored_size() > kMaxFrameLength || header.plain_size > kMaxChunkLength) {
    throw damaged("a size is out of bounds");
  }
  return header;
}

Bytes encode_prelude(const Prelude& prelude) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.varint(prelude.entry).u8(prelude.table_level).varint(prelude.slots.size());
  std::uint64_t end = 0;
  for (const Slot& slot : prelude.slots) {
    out.varint(slot.offset - end)
        .varint(slot.length)
        .varint(slot.base == Slot::kNoBase ? 0 : std::uint64_t{slot.base} + 1);
    end = slot.offset + slot.length;
  }
  encode_bases(prelude.bases, out);
  return bytes;
}

Prelude decode_prelude(ByteView bytes, const FrameHeader& header) {
  ByteCursor in(bytes, "a frame's prelude");
  Prelude prelude;
  prelude.entry = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  prelude.table_level = in.u8();
  if (in.varint() != header.slots) throw in.fault("it lists another number of chunks than its header");
  prelude.slots.resize(header.slots);
  std::uint64_t end = 0;
  std::uint64_t plain_size = 0;
  for (Slot& slot : prelude.slots) {
    slot.offset = end + in.varint(UINT64_MAX - end);
    slot.length = static_cast<std::uint32_t>(in.varint(kMaxChunkLength));
    const std::uint64_t base = in.varint(UINT16_MAX);
    if (base != 0) slot.base = static_cast<std::uint16_t>(base - 1);
    end = slot.offset + slot.length;
    plain_size += slot.length;
  }
  prelude.bases = decode_bases(in);
  in.expect_end();
  if (plain_size != header.plain_size) throw in.fault("its chunks do not add up to the frame");
  for (const Slot& slot : prelude.slots) {
    if (slot.base != Slot::kNoBase && slot.base >= prelude.bases.size()) throw in.fault("a chunk has no such base");
  }
  if ((header.encoding == FrameEncoding::zstd_delta) != !prelude.bases.empty())
    throw in.fault("its bases do not match its encoding");
  return prelude;
}

std::uint32_t append_frame(const Frame& frame, const Sealer& sealer, std::uint32_t offset, Bytes& out) {
  const Bytes prelude = encode_prelude(frame.prelude);
  FrameHeader header{.encoding = frame.body.encoding,
                     .depth = frame.depth,
                     .slots = static_cast<std::uint16_t>(frame.prelude.slots.size()),
                     .prelude_size = static_cast<std::uint32_t>(prelude.size() + kTagSize),
                     .body_size = static_cast<std::uint32_t>(frame.body.bytes.size() + kTagSize),
                     .plain_size = frame.plain_size};
  if (prelude.size() + kTagSize > kMaxPreludeSize || header.stored_size() > kMaxFrameLength) {
    throw Error(ErrorCode::internal, "a frame grew out of bounds");
  }
  Bytes clear;
  append_header(header, clear);
  ByteWriter(out).bytes(clear);
  sealer.seal(prelude_position(offset), clear, prelude, out);
  sealer.seal(body_position(offset), clear, frame.body.bytes, out);
  return static_cast<std::uint32_t>(header.stored_size());
}

OpenedFrame open_frame(ByteView bytes, const Sealer& sealer, std::uint32_t offset) {
  OpenedFrame frame;
  frame.header = decode_header(bytes);
  if (frame.header.stored_size() != bytes.size()) throw damaged("it has another length than its header says");
  const ByteView clear = bytes.first(kFrameHeaderSize);
  auto prelude =
      sealer.open(prelude_position(offset), clear, bytes.subspan(kFrameHeaderSize, frame.header.prelude_size));
  if (!prelude) throw damaged("its prelude is not what was written");
  frame.prelude = decode_prelude(*prelude, frame.header);
  auto body = sealer.open(body_position(offset), clear, bytes.last(frame.header.body_size));
  if (!body) throw damaged("its body is not what was written");
  frame.body = *std::move(body);
  return frame;
}

}  // namespace dbsnap
