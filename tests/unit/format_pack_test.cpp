// Packs: built, checked without a key, and read back by their directory.
#include "format/pack.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/hash.hpp"
#include "format_fixture.hpp"

namespace dbsnap {

using testing::bytes_of;
using testing::code_of;
using testing::failure_of;
using testing::open_keys;
using testing::secret_keys;
using testing::some_pack;

namespace {

constexpr std::size_t kFrames = 3;

Frame some_frame(std::uint64_t offset, std::string_view content) {
  Frame frame;
  frame.prelude.slots = {{offset, static_cast<std::uint32_t>(content.size()), Slot::kNoBase}};
  frame.body = {FrameEncoding::stored, bytes_of(content)};
  frame.plain_size = static_cast<std::uint32_t>(content.size());
  return frame;
}

struct BuiltPack {
  PackBuilder::Finished pack;
  std::vector<FrameRef> frames;
};

BuiltPack build(const KeyRing& keys) {
  PackBuilder builder(keys, some_pack(), 1'000);
  std::vector<FrameRef> frames;
  for (std::size_t i = 0; i < kFrames; ++i) {
    frames.push_back(builder.append(some_frame(i * 4096, "content " + std::to_string(i))));
  }
  return {std::move(builder).finish(), frames};
}

}  // namespace

TEST_CASE("the bytes of a pack never change") {
  CHECK(build(open_keys()).pack.sha256 == "69d9156cb9c919b4b7232d289c4f4718231a2f673dfb4cbdd2c36c66655e5add");
  CHECK(build(secret_keys()).pack.sha256 == "e99c397454c7cc6b26ac06a6ccc4b263f9b707890c93376b057a97a9ac3be444");
}

TEST_CASE("a pack starts with its magic, version and name, and ends with its trailer") {
  const Bytes bytes = build(open_keys()).pack.bytes;
  CHECK(to_hex(ByteView(bytes).first(32)) ==
        "4442534e4150504b"
        "0100"
        "0000"
        "01000000"
        "000102030405060708090a0b0c0d0e0f");
  CHECK(std::ranges::all_of(ByteView(bytes).subspan(32, 32), [](std::byte b) { return b == std::byte{0}; }));
  CHECK(as_text(ByteView(bytes).last(kPackTrailerSize).first(8)) == "DBSNAPTR");
}

TEST_CASE("a pack holds its frames, one behind the other, and knows where they are") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    const BuiltPack built = build(keys);
    const ByteView bytes = built.pack.bytes;
    CHECK(built.pack.sha256 == to_hex(sha256(bytes)));
    check_pack(bytes, some_pack());
    CHECK(read_directory(bytes, some_pack(), keys) == built.frames);
    std::size_t end = kPackHeaderSize;
    for (std::size_t i = 0; i < kFrames; ++i) {
      const FrameRef& frame = built.frames[i];
      CHECK(frame.offset == end);
      end += frame.length;
      const OpenedFrame opened =
          open_frame(bytes.subspan(frame.offset, frame.length), keys.pack_sealer(some_pack()), frame.offset);
      CHECK(opened.body == bytes_of("content " + std::to_string(i)));
    }
  }
}

TEST_CASE("a pack can be walked without its directory and without a key") {
  const BuiltPack built = build(secret_keys());
  std::size_t offset = kPackHeaderSize;
  for (const FrameRef& frame : built.frames) {
    const FrameHeader header = decode_header(ByteView(built.pack.bytes).subspan(offset));
    CHECK(header.stored_size() == frame.length);
    offset += header.stored_size();
  }
}

TEST_CASE("a pack of no frames is sound") {
  const auto pack = PackBuilder(secret_keys(), some_pack(), 0).finish();
  check_pack(pack.bytes, some_pack());
  CHECK(read_directory(pack.bytes, some_pack(), secret_keys()).empty());
}

TEST_CASE("no flipped bit in a pack goes unseen, also without a key") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    testing::for_each_flip(build(keys).pack.bytes, [](const Bytes& broken, std::size_t) {
      const Error error = failure_of([&] { check_pack(broken, some_pack()); });
      CHECK(error.code() == ErrorCode::damaged);
      CHECK(error.message().find(pack_key(some_pack())) != std::string::npos);
    });
  }
}

TEST_CASE("a pack cut short or with bytes behind it is damaged") {
  const KeyRing keys = secret_keys();
  Bytes bytes = build(keys).pack.bytes;
  testing::for_each_front(bytes, [&](ByteView front) {
    CHECK(code_of([&] { check_pack(front, some_pack()); }) == ErrorCode::damaged);
    CHECK(code_of([&] { read_directory(front, some_pack(), keys); }) == ErrorCode::damaged);
  });
  bytes.push_back(std::byte{0});
  CHECK(code_of([&] { check_pack(bytes, some_pack()); }) == ErrorCode::damaged);
  CHECK(code_of([&] { read_directory(bytes, some_pack(), keys); }) == ErrorCode::damaged);
}

TEST_CASE("a pack under another name is damaged") {
  const KeyRing keys = secret_keys();
  const Bytes bytes = build(keys).pack.bytes;
  CHECK(code_of([&] { check_pack(bytes, some_pack(2)); }) == ErrorCode::damaged);
  CHECK(code_of([&] { read_directory(bytes, some_pack(2), keys); }) == ErrorCode::damaged);
  CHECK(code_of([&] { read_directory(bytes, some_pack(), secret_keys(9)); }) == ErrorCode::damaged);
}

}  // namespace dbsnap
