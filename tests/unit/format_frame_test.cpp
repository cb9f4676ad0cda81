// Frames in a pack: their bytes, limits, and that nothing but what was placed opens.
#include "format/frame.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "format_fixture.hpp"
#include "harness/random_data.hpp"

namespace dbsnap {

using testing::bytes_of;
using testing::code_of;
using testing::open_keys;
using testing::secret_keys;
using testing::some_pack;

namespace {

constexpr std::uint32_t kOffset = 64;

SlotRef base_at(std::uint32_t number, std::uint32_t offset, std::uint16_t slot) {
  return {{some_pack(number), offset, 1'000}, slot};
}

/// A delta frame of three chunks, two of which replace something.
Frame some_frame() {
  Frame frame;
  frame.prelude = {.entry = 3,
                   .table_level = 1,
                   .slots = {{4096, 100, 1}, {4196, 50, Slot::kNoBase}, {1U << 20, 30, 0}},
                   .bases = {base_at(9, 64, 0), base_at(7, 5'000, 12), base_at(9, 2'000, 1)}};
  frame.body = {FrameEncoding::zstd_delta, bytes_of("the encoded body")};
  frame.depth = 2;
  frame.plain_size = 180;
  return frame;
}

FrameHeader header_of(const Frame& frame) {
  return {.encoding = frame.body.encoding,
          .depth = frame.depth,
          .slots = static_cast<std::uint16_t>(frame.prelude.slots.size()),
          .prelude_size = 100,
          .body_size = 100,
          .plain_size = frame.plain_size};
}

Bytes placed(const Frame& frame, const KeyRing& keys, std::uint32_t offset = kOffset) {
  Bytes bytes;
  const std::uint32_t length = append_frame(frame, keys.pack_sealer(some_pack()), offset, bytes);
  CHECK(length == bytes.size());
  return bytes;
}

bool same(const Prelude& a, const Prelude& b) {
  const auto same_slot = [](const Slot& x, const Slot& y) {
    return x.offset == y.offset && x.length == y.length && x.base == y.base;
  };
  return a.entry == b.entry && a.table_level == b.table_level && a.bases == b.bases &&
         std::ranges::equal(a.slots, b.slots, same_slot);
}

std::optional<ErrorCode> code_after(const std::function<void(FrameHeader&)>& change) {
  FrameHeader header = header_of(some_frame());
  change(header);
  Bytes bytes;
  append_header(header, bytes);
  return code_of([&] { decode_header(bytes); });
}

std::optional<ErrorCode> prelude_code_after(const std::function<void(Prelude&, FrameHeader&)>& change) {
  Frame frame = some_frame();
  FrameHeader header = header_of(frame);
  change(frame.prelude, header);
  return code_of([&] { decode_prelude(encode_prelude(frame.prelude), header); });
}

}  // namespace

TEST_CASE("the bytes of a frame never change") {
  CHECK(to_hex(placed(some_frame(), open_keys())) ==
        "4453465201020200030000005400000020000000b400000003010380206402003200eade3f1e0102000102030405060708090a0b0c0d0e"
        "0f07000102030405060708090a0b0c0d0e0f09030140e80700008827e8070c01d00fe807015a36ea16fbfbd14dd94db89e2b2d97a07468"
        "6520656e636f64656420626f647936feec0a20e2aa4b3194a8caaf81c758");
  CHECK(to_hex(placed(some_frame(), secret_keys())) ==
        "4453465201020200030000005400000020000000b400000059575fe5441f0c8b9b87b1af8ed4730d7ef18c659b5331de242382e186d7ff"
        "2a0e76919d8bcec7ed044c748a1b4bd9ac6317bd520567bb28aa2f71cfef24e5e0ed96db5a7c6eb216508a45a90ea4176f906ee08c5201"
        "66787facf745a84f940186567dce531b8560d94f09cb6ed31c03c7a2672e");
}

TEST_CASE("a frame opens to what was placed") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    const Frame frame = some_frame();
    const Bytes bytes = placed(frame, keys);
    const OpenedFrame opened = open_frame(bytes, keys.pack_sealer(some_pack()), kOffset);
    CHECK(opened.header.encoding == FrameEncoding::zstd_delta);
    CHECK(opened.header.depth == 2);
    CHECK(opened.header.slots == 3);
    CHECK(opened.header.plain_size == 180);
    CHECK(opened.header.stored_size() == bytes.size());
    CHECK(same(opened.prelude, frame.prelude));
    CHECK(opened.body == frame.body.bytes);
  }
}

TEST_CASE("any prelude comes back") {
  CHECK(rc::check([] {
    testing::Random random(*rc::gen::arbitrary<std::uint64_t>());
    Prelude prelude;
    prelude.entry = static_cast<std::uint32_t>(random.next());
    prelude.table_level = static_cast<std::uint8_t>(random.below(4));
    for (std::uint64_t n = random.below(40); n > 0; --n) {
      prelude.bases.push_back(base_at(static_cast<std::uint32_t>(random.below(3)),
                                      static_cast<std::uint32_t>(random.next()),
                                      static_cast<std::uint16_t>(random.below(kMaxSlots))));
    }
    std::uint64_t end = 0, plain_size = 0;
    for (std::uint64_t n = 1 + random.below(40); n > 0; --n) {
      Slot slot{end + random.below(1ULL << random.below(50)), static_cast<std::uint32_t>(random.below(100'000)), 0};
      slot.base = prelude.bases.empty() || random.below(3) == 0
                      ? Slot::kNoBase
                      : static_cast<std::uint16_t>(random.below(prelude.bases.size()));
      end = slot.offset + slot.length;
      plain_size += slot.length;
      prelude.slots.push_back(slot);
    }
    FrameHeader header;
    header.encoding = prelude.bases.empty() ? FrameEncoding::zstd : FrameEncoding::zstd_delta;
    header.slots = static_cast<std::uint16_t>(prelude.slots.size());
    header.plain_size = static_cast<std::uint32_t>(plain_size);
    RC_ASSERT(same(decode_prelude(encode_prelude(prelude), header), prelude));
  }));
}

TEST_CASE("no flipped bit in a frame goes unseen") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    const Sealer sealer = keys.pack_sealer(some_pack());
    testing::for_each_flip(placed(some_frame(), keys), [&](const Bytes& broken, std::size_t) {
      CHECK(code_of([&] { open_frame(broken, sealer, kOffset); }) == ErrorCode::damaged);
    });
  }
}

TEST_CASE("a frame cut short, or with bytes behind it, is damaged") {
  const KeyRing keys = secret_keys();
  const Sealer sealer = keys.pack_sealer(some_pack());
  Bytes bytes = placed(some_frame(), keys);
  testing::for_each_front(bytes, [&](ByteView front) {
    CHECK(code_of([&] { open_frame(front, sealer, kOffset); }) == ErrorCode::damaged);
  });
  bytes.push_back(std::byte{0});
  CHECK(code_of([&] { open_frame(bytes, sealer, kOffset); }) == ErrorCode::damaged);
}

TEST_CASE("a frame opens only at the place it was placed at") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    const Bytes bytes = placed(some_frame(), keys);
    const auto code_at = [&](const KeyRing& ring, const PackId& pack, std::uint32_t offset) {
      return code_of([&] { open_frame(bytes, ring.pack_sealer(pack), offset); });
    };
    CHECK(code_at(keys, some_pack(), kOffset + 1) == ErrorCode::damaged);
    CHECK(code_at(keys, some_pack(2), kOffset) == ErrorCode::damaged);
    CHECK(code_at(secret_keys(7), some_pack(), kOffset) == ErrorCode::damaged);
  }
}

TEST_CASE("a header out of bounds is damage, before any memory is taken for it") {
  CHECK_FALSE(code_after([](FrameHeader&) {}).has_value());  // decodes
  CHECK(code_after([](FrameHeader& h) { h.encoding = static_cast<FrameEncoding>(3); }) == ErrorCode::damaged);
  CHECK(code_after([](FrameHeader& h) { h.depth = kMaxDepth + 1; }) == ErrorCode::damaged);
  CHECK(code_after([](FrameHeader& h) { h.slots = 0; }) == ErrorCode::damaged);
  CHECK(code_after([](FrameHeader& h) { h.slots = kMaxSlots + 1; }) == ErrorCode::damaged);
  CHECK(code_after([](FrameHeader& h) { h.prelude_size = kTagSize - 1; }) == ErrorCode::damaged);
  CHECK(code_after([](FrameHeader& h) { h.prelude_size = kMaxPreludeSize + 1; }) == ErrorCode::damaged);
  CHECK(code_after([](FrameHeader& h) { h.body_size = kTagSize - 1; }) == ErrorCode::damaged);
  CHECK(code_after([](FrameHeader& h) { h.body_size = kMaxFrameLength; }) == ErrorCode::damaged);
  CHECK(code_after([](FrameHeader& h) { h.body_size = UINT32_MAX; }) == ErrorCode::damaged);
  CHECK(code_after([](FrameHeader& h) { h.plain_size = kMaxChunkLength + 1; }) == ErrorCode::damaged);
  CHECK(code_of([] { decode_header(Bytes(kFrameHeaderSize)); }) == ErrorCode::damaged);
  CHECK(code_of([] { decode_header({}); }) == ErrorCode::damaged);
}

TEST_CASE("a prelude that does not go with its header is damage") {
  CHECK_FALSE(prelude_code_after([](Prelude&, FrameHeader&) {}).has_value());  // decodes
  CHECK(prelude_code_after([](Prelude&, FrameHeader& h) { h.slots = 2; }) == ErrorCode::damaged);
  CHECK(prelude_code_after([](Prelude&, FrameHeader& h) { h.plain_size = 181; }) == ErrorCode::damaged);
  CHECK(prelude_code_after([](Prelude&, FrameHeader& h) { h.encoding = FrameEncoding::zstd; }) == ErrorCode::damaged);
  CHECK(prelude_code_after([](Prelude& p, FrameHeader&) { p.slots[0].base = 3; }) == ErrorCode::damaged);
  CHECK(prelude_code_after([](Prelude& p, FrameHeader&) { p.slots[1].offset = 0; }) == ErrorCode::damaged);
  CHECK(prelude_code_after([](Prelude& p, FrameHeader&) { p.bases[0].slot = kMaxSlots; }) == ErrorCode::damaged);
  CHECK(prelude_code_after([](Prelude& p, FrameHeader&) { p.bases[0].frame.length = kMaxFrameLength + 1; }) ==
        ErrorCode::damaged);
  CHECK(prelude_code_after([](Prelude& p, FrameHeader& h) {
          p.bases.clear();
          for (Slot& slot : p.slots) slot.base = Slot::kNoBase;
          h.encoding = FrameEncoding::zstd_delta;
        }) == ErrorCode::damaged);
}

TEST_CASE("a prelude cut short, or with bytes behind it, is damaged") {
  const Frame frame = some_frame();
  Bytes bytes = encode_prelude(frame.prelude);
  testing::for_each_front(bytes, [&](ByteView front) {
    CHECK(code_of([&] { decode_prelude(front, header_of(frame)); }) == ErrorCode::damaged);
  });
  bytes.push_back(std::byte{0});
  CHECK(code_of([&] { decode_prelude(bytes, header_of(frame)); }) == ErrorCode::damaged);
}

TEST_CASE("a frame too large for a pack is not written") {
  Frame frame = some_frame();
  frame.body.bytes.resize(kMaxFrameLength);
  Bytes bytes;
  CHECK(code_of([&] { append_frame(frame, open_keys().pack_sealer(some_pack()), kOffset, bytes); }) ==
        ErrorCode::internal);
}

}  // namespace dbsnap
