// Packs: header, trailer, and the directory. Input: a whole pack, or number and size of the frames and a
// directory as it is before it is sealed; it is tried as both.
#include "format/pack.hpp"

#include "base/hash.hpp"
#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

constexpr std::size_t kDirectoryOffsetAt = 8;
constexpr std::size_t kDirectorySizeAt = 16;  // in the trailer
constexpr std::size_t kFrameCountAt = 20;
constexpr std::size_t kChecksumAt = 24;

/// A pack whose directory is `directory`, with zeros in place of its frames.
Bytes pack_around(ByteView directory, std::uint64_t frames, std::size_t frame_bytes) {
  const KeyRing& keys = open_keys();
  const Bytes empty = PackBuilder(keys, corpus_pack(), 0).finish().bytes;
  Bytes pack(empty.begin(), empty.begin() + kPackHeaderSize);
  pack.resize(kPackHeaderSize + frame_bytes);
  const std::size_t offset = pack.size();
  keys.pack_sealer(corpus_pack()).seal(offset * 2, {}, directory, pack);
  const std::size_t trailer = pack.size();
  pack.insert(pack.end(), empty.end() - kPackTrailerSize, empty.end());
  patch(pack, trailer + kDirectoryOffsetAt, offset, 8);
  patch(pack, trailer + kDirectorySizeAt, trailer - offset, 4);
  patch(pack, trailer + kFrameCountAt, frames, 4);
  const Hash checksum = sha256(ByteView(pack).first(trailer + kChecksumAt));
  std::ranges::copy(checksum, pack.begin() + static_cast<std::ptrdiff_t>(trailer + kChecksumAt));
  return pack;
}

bool reads(ByteView pack) {
  return accepts([&] {
    check_pack(pack, corpus_pack());
    const PackDirectory directory = read_directory(pack, corpus_pack(), open_keys());
    std::uint64_t end = kPackHeaderSize;
    Bytes again;
    for (const DirectoryFrame& frame : directory.frames) {
      require(frame.place.pack == corpus_pack() && frame.place.offset == end, "frames follow one another");
      end += frame.place.length;
      append_directory_frame(frame, again);
    }
    require(end < pack.size(), "a directory names frames of its pack");
    const PackDirectory same = decode_directory(encode_directory(directory.bases, again), corpus_pack(), end);
    require(same.bases == directory.bases && same.frames == directory.frames, "a directory comes back as it was");
  });
}

}  // namespace

bool pack(ByteView input) {
  const bool whole = reads(input);
  Input in(input);
  const std::uint64_t frames = in.number(1);
  const std::size_t frame_bytes = in.number(2);
  return reads(pack_around(in.rest(), frames, frame_bytes)) || whole;
}

}  // namespace dbsnap::fuzz
