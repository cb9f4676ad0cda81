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
// The checksum and the zeros behind it end a pack; the checksum is over all that stands before it.
constexpr std::size_t kUncheckedSize = 32 + 8;

struct Trailer {
  std::uint64_t directory_offset = 0;
  std::uint32_t directory_size = 0;
  std::uint32_t frames = 0;
  Hash checksum{};
};

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

Trailer read_trailer(ByteView bytes, const PackId& id) {
  if (bytes.size() < kPackHeaderSize + kPackTrailerSize) throw damaged(id, "it ends too early");
  if (!std::ranges::equal(bytes.first(kPackHeaderSize), pack_header(id)))
    throw damaged(id, "its header is not its own");
  ByteCursor in(bytes.last(kPackTrailerSize), "a pack's trailer");
  if (as_text(in.bytes(kTrailerMagic.size())) != kTrailerMagic) throw damaged(id, "its trailer is missing");
  Trailer trailer;
  trailer.directory_offset = in.u64();
  trailer.directory_size = in.u32();
  trailer.frames = in.u32();
  std::ranges::copy(in.bytes(trailer.checksum.size()), trailer.checksum.begin());
  if (in.u64() != 0) throw damaged(id, "its trailer is not what was written");
  const std::uint64_t end = bytes.size() - kPackTrailerSize;
  if (trailer.directory_offset > end || end - trailer.directory_offset != trailer.directory_size) {
    throw damaged(id, "its directory is not where the trailer says");
  }
  return trailer;
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
  frames_.push_back(ref);
  return ref;
}

PackBuilder::Finished PackBuilder::finish() && {
  Bytes directory;
  ByteWriter writer(directory);
  for (const FrameRef& frame : frames_) writer.varint(frame.offset).varint(frame.length);
  const std::uint64_t offset = bytes_.size();
  sealer_.seal(offset * 2, {}, directory, bytes_);
  const auto size = static_cast<std::uint32_t>(bytes_.size() - offset);
  ByteWriter(bytes_).text(kTrailerMagic).u64(offset).u32(size).u32(static_cast<std::uint32_t>(frames_.size()));
  Sha256 hash;
  hash.update(bytes_);
  Bytes rest;
  ByteWriter(rest).bytes(hash.peek()).u64(0);
  ByteWriter(bytes_).bytes(rest);
  hash.update(rest);
  return {id_, std::exchange(bytes_, {}), to_hex(hash.finish())};
}

void check_pack(ByteView bytes, const PackId& id) {
  const Trailer trailer = read_trailer(bytes, id);
  if (sha256(bytes.first(bytes.size() - kUncheckedSize)) != trailer.checksum) {
    throw damaged(id, "its bytes do not match its checksum");
  }
}

std::vector<FrameRef> read_directory(ByteView pack, const PackId& id, const KeyRing& keys) {
  const Trailer trailer = read_trailer(pack, id);
  const auto sealed = pack.subspan(trailer.directory_offset, trailer.directory_size);
  const auto directory = keys.pack_sealer(id).open(trailer.directory_offset * 2, {}, sealed);
  if (!directory) throw damaged(id, "its directory is not what was written");
  std::vector<FrameRef> frames;
  ByteCursor in(*directory, "a pack's directory");
  while (in.left() != 0) {
    const auto offset = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
    frames.push_back({id, offset, static_cast<std::uint32_t>(in.varint(kMaxFrameLength))});
  }
  if (frames.size() != trailer.frames)
    throw damaged(id, "its directory lists another number of frames than its trailer");
  return frames;
}

}  // namespace dbsnap
