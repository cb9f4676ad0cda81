#include "format/pack.hpp"

#include <algorithm>
#include <utility>

#include "base/hex.hpp"
#include "format/byte_io.hpp"

namespace dbsnap {
namespace {

constexpr std::string_view kMagic = "DBSNAPPK";
constexpr std::string_view kTrailerMagic = "DBSNAPTR";
constexpr std::uint16_t kVersion = 1;

Error damaged(const PackId& id, std::string_view what) {
  return Error(ErrorCode::damaged, "pack " + pack_key(id) + " is damaged: " + std::string(what))
      .with("object", pack_key(id));
}

Bytes pack_header(const PackId& id) {
  Bytes bytes;
  ByteWriter(bytes).text(kMagic).u16(kVersion).u16(0).u32(id.number).bytes(id.session);
  bytes.resize(kPackHeaderSize);
  return bytes;
}

DirectoryFrame directory_frame(const Frame& frame, const FrameRef& place) {
  if (frame.ids.size() != frame.prelude.slots.size()) {
    throw Error(ErrorCode::internal, "a frame does not name each of its chunks");
  }
  DirectoryFrame listed{.place = place,
                        .depth = frame.depth,
                        .entry = frame.prelude.entry,
                        .table_level = frame.prelude.table_level,
                        .slots = {}};
  for (std::size_t i = 0; i < frame.ids.size(); ++i) {
    const Slot& slot = frame.prelude.slots[i];
    listed.slots.push_back({frame.ids[i], slot.offset, slot.length});
  }
  return listed;
}

void check_header(ByteView pack, const PackId& id) {
  if (pack.size() < kPackHeaderSize + kPackTrailerSize) throw damaged(id, "it ends too early");
  if (!std::ranges::equal(pack.first(kPackHeaderSize), pack_header(id))) throw damaged(id, "its header is not its own");
}

}  // namespace

PackBuilder::PackBuilder(const KeyRing& keys, const PackId& id, std::size_t expected_size)
    : id_(id), sealer_(keys.pack_sealer(id)) {
  bytes_.reserve(expected_size);
  ByteWriter(bytes_).bytes(pack_header(id));
}

FrameRef PackBuilder::append(const Frame& frame) {
  FrameRef ref{.pack = id_, .offset = static_cast<std::uint32_t>(bytes_.size()), .length = 0};
  ref.length = append_frame(frame, sealer_, ref.offset, bytes_);
  append_directory_frame(directory_frame(frame, ref), directory_);
  for (const SlotRef& base : frame.prelude.bases) bases_.insert(base.frame.pack);
  ++frames_;
  return ref;
}

PackBuilder::Finished PackBuilder::finish() && {
  const std::uint64_t offset = bytes_.size();
  sealer_.seal(offset * 2, {}, encode_directory(bases_, directory_), bytes_);
  const auto size = static_cast<std::uint32_t>(bytes_.size() - offset);
  ByteWriter(bytes_).text(kTrailerMagic).u64(offset).u32(size).u32(frames_);
  Sha256 hash;
  const Hash checksum = hash.update(bytes_).peek();
  ByteWriter(bytes_).bytes(checksum).u64(0);
  const Hash whole = hash.update(ByteView(bytes_).last(kPackChecksumSize)).finish();
  return {id_, std::exchange(bytes_, {}), to_hex(checksum), to_hex(whole)};
}

PackBuilder::Finished sealed_again(const PackBuilder::Finished& pack, const PackId& id, const KeyRing& keys) {
  const ByteView bytes = pack.bytes;
  const Sealer sealer = keys.pack_sealer(pack.id);
  PackBuilder builder(keys, id, bytes.size());
  for (DirectoryFrame& listed : read_directory(bytes, pack.id, keys).frames) {
    const FrameRef& place = listed.place;
    OpenedFrame opened = open_frame(bytes.subspan(place.offset, place.length), sealer, place.offset);
    Frame frame{.prelude = std::move(opened.prelude),
                .body = {opened.header.encoding, std::move(opened.body)},
                .depth = opened.header.depth,
                .plain_size = opened.header.plain_size,
                .ids = {}};
    for (const DirectorySlot& slot : listed.slots) frame.ids.push_back(slot.id);
    const FrameRef again = builder.append(frame);
    if (again.offset != place.offset || again.length != place.length) {
      throw Error(ErrorCode::internal, "a frame of pack " + pack_key(pack.id) + " changed its place");
    }
  }
  return std::move(builder).finish();
}

std::string check_pack(ByteView bytes, const PackId& id) {
  check_header(bytes, id);
  const PackTrailer trailer = read_trailer(bytes.last(kPackTrailerSize), bytes.size(), id);
  if (sha256(bytes.first(bytes.size() - kPackChecksumSize)) != trailer.checksum) {
    throw damaged(id, "its bytes do not match its checksum");
  }
  return to_hex(trailer.checksum);
}

PackTrailer read_trailer(ByteView end, std::uint64_t pack_size, const PackId& id) {
  if (end.size() < kPackTrailerSize || pack_size < kPackHeaderSize + kPackTrailerSize) {
    throw damaged(id, "it ends too early");
  }
  ByteCursor in(end.last(kPackTrailerSize), "a pack's trailer");
  if (as_text(in.bytes(kTrailerMagic.size())) != kTrailerMagic) throw damaged(id, "its trailer is missing");
  PackTrailer trailer;
  trailer.directory_offset = in.u64();
  trailer.directory_size = in.u32();
  trailer.frames = in.u32();
  std::ranges::copy(in.bytes(trailer.checksum.size()), trailer.checksum.begin());
  if (in.u64() != 0) throw damaged(id, "its trailer is not what was written");
  const std::uint64_t directory_end = pack_size - kPackTrailerSize;
  if (trailer.directory_offset < kPackHeaderSize || trailer.directory_offset > directory_end ||
      directory_end - trailer.directory_offset != trailer.directory_size) {
    throw damaged(id, "its directory is not where the trailer says");
  }
  return trailer;
}

PackDirectory open_directory(ByteView sealed, const PackTrailer& trailer, const PackId& id, const KeyRing& keys) {
  const auto bytes = keys.pack_sealer(id).open(trailer.directory_offset * 2, {}, sealed);
  if (!bytes) throw damaged(id, "its directory is not what was written");
  PackDirectory directory = decode_directory(*bytes, id, trailer.directory_offset);
  if (directory.frames.size() != trailer.frames) {
    throw damaged(id, "its directory lists another number of frames than its trailer");
  }
  return directory;
}

PackDirectory read_directory(ByteView pack, const PackId& id, const KeyRing& keys) {
  check_header(pack, id);
  const PackTrailer trailer = read_trailer(pack.last(kPackTrailerSize), pack.size(), id);
  return open_directory(pack.subspan(trailer.directory_offset, trailer.directory_size), trailer, id, keys);
}

}  // namespace dbsnap
