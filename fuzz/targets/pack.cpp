// Packs: header, trailer, and the directory. Input: a whole pack, or a directory as it is before it
// is sealed; it is tried as both.
#include "format/pack.hpp"

#include "base/hash.hpp"
#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

constexpr std::size_t kDirectorySizeAt = 16;  // in the trailer
constexpr std::size_t kFrameCountAt = 20;
constexpr std::size_t kChecksumAt = 24;

/// A pack of no frames whose directory is `directory`.
Bytes pack_around(ByteView directory, std::uint64_t frames) {
  const KeyRing& keys = open_keys();
  const Bytes empty = PackBuilder(keys, corpus_pack(), 0).finish().bytes;
  Bytes pack(empty.begin(), empty.begin() + kPackHeaderSize);
  keys.pack_sealer(corpus_pack()).seal(kPackHeaderSize * 2, {}, directory, pack);
  const std::size_t trailer = pack.size();
  pack.insert(pack.end(), empty.end() - kPackTrailerSize, empty.end());
  patch(pack, trailer + kDirectorySizeAt, trailer - kPackHeaderSize, 4);
  patch(pack, trailer + kFrameCountAt, frames, 4);
  const Hash checksum = sha256(ByteView(pack).first(trailer + kChecksumAt));
  std::ranges::copy(checksum, pack.begin() + static_cast<std::ptrdiff_t>(trailer + kChecksumAt));
  return pack;
}

bool reads(ByteView pack) {
  return accepts([&] {
    check_pack(pack, corpus_pack());
    for (const FrameRef& frame : read_directory(pack, corpus_pack(), open_keys())) {
      require(frame.pack == corpus_pack() && frame.length <= kMaxFrameLength, "a directory names frames of its pack");
    }
  });
}

}  // namespace

bool pack(ByteView input) {
  const bool whole = reads(input);
  Input in(input);
  const std::uint64_t frames = in.number(1);
  return reads(pack_around(in.rest(), frames)) || whole;
}

}  // namespace dbsnap::fuzz
