// Frames: header and prelude. Input: a frame with plain bytes where sealed ones belong, since no
// fuzzer guesses a checksum; the target seals them.
#include "format/frame.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

constexpr std::uint32_t kOffset = 64;
constexpr std::size_t kPreludeSizeAt = 12;
constexpr std::size_t kBodySizeAt = 16;

/// The frame whose header, prelude and body are those of `input`, sealed.
Bytes sealed_frame(ByteView input, const Sealer& sealer) {
  const ByteView rest = input.subspan(kFrameHeaderSize);
  const std::size_t prelude_size =
      std::min<std::size_t>(std::to_integer<std::size_t>(input[kPreludeSizeAt]), rest.size());
  Bytes header(input.begin(), input.begin() + kFrameHeaderSize);
  patch(header, kPreludeSizeAt, prelude_size + kTagSize, 4);
  patch(header, kBodySizeAt, rest.size() - prelude_size + kTagSize, 4);
  Bytes frame = header;
  sealer.seal(std::uint64_t{kOffset} * 2, header, rest.first(prelude_size), frame);
  sealer.seal(std::uint64_t{kOffset} * 2 + 1, header, rest.subspan(prelude_size), frame);
  return frame;
}

void check_frame(const OpenedFrame& frame) {
  std::uint64_t plain_size = 0;
  for (const Slot& slot : frame.prelude.slots) {
    plain_size += slot.length;
    require(slot.base == Slot::kNoBase || slot.base < frame.prelude.bases.size(), "a base is one of the frame's");
  }
  require(frame.prelude.slots.size() == frame.header.slots, "as many slots as the header says");
  require(plain_size == frame.header.plain_size, "the slots add up");
  const Prelude again = decode_prelude(encode_prelude(frame.prelude), frame.header);
  require(again.bases == frame.prelude.bases, "bases come back");
}

}  // namespace

bool frame(ByteView input) {
  const Sealer sealer = open_keys().pack_sealer(corpus_pack());
  accepts([&] { static_cast<void>(open_frame(input, sealer, kOffset)); });
  if (input.size() < kFrameHeaderSize) return false;
  return accepts([&] { check_frame(open_frame(sealed_frame(input, sealer), sealer, kOffset)); });
}

}  // namespace dbsnap::fuzz
