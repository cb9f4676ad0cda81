// Bodies of frames. Input: encoding, three bytes of plain size, two of base length, base, body.
#include "format/frame_codec.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool frame_codec(ByteView input) {
  static FrameCodec codec;
  Input in(input);
  const auto encoding = static_cast<FrameEncoding>(in.number(1) % 3);
  const std::size_t plain_size = in.number(3) % (1U << 20);
  const ByteView base = in.take(in.number(2));
  const ByteView body = in.rest();

  const EncodedBody encoded = codec.encode(body, base, 1);
  const auto back = codec.decode(encoded.encoding, encoded.bytes, base, body.size());
  require(back && std::ranges::equal(*back, body), "what was encoded comes back");

  const auto plain = codec.decode(encoding, body, base, plain_size);
  if (plain) require(plain->size() == plain_size, "exactly the plain size comes back");
  return plain.has_value();
}

}  // namespace dbsnap::fuzz
