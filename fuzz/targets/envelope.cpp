// Envelopes of small objects. Input: a whole object, or two bytes of payload size and a compressed
// payload, which is then sealed; it is tried as both.
#include "format/envelope.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kPayloadSizeAt = 12;
constexpr std::size_t kSaltAt = 16;

Bytes sealed_object(std::uint64_t payload_size, ByteView body) {
  const Bytes empty = seal_object(open_keys(), ObjectType::manifest, kCorpusObject, {});
  Bytes header(empty.begin(), empty.begin() + kHeaderSize);
  patch(header, kPayloadSizeAt, payload_size, 4);
  Bytes object = header;
  open_keys().object_sealer(kCorpusObject, ByteView(header).subspan(kSaltAt)).seal(0, header, body, object);
  return object;
}

}  // namespace

bool envelope(ByteView input) {
  const auto open = [](ByteView object) {
    return open_object(open_keys(), ObjectType::manifest, kCorpusObject, object);
  };
  const bool whole = accepts([&] { static_cast<void>(open(input)); });
  Input in(input);
  const std::uint64_t size = in.number(2);
  return accepts([&] { require(open(sealed_object(size, in.rest())).size() == size, "the payload has its size"); }) ||
         whole;
}

}  // namespace dbsnap::fuzz
