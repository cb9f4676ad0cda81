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
using testing::without_last;

namespace {

constexpr std::size_t kFrames = 3;

Frame some_frame(std::uint64_t offset, std::string_view content) {
  Frame frame;
  frame.ids = {open_keys().chunk_id(bytes_of(content))};
  frame.prelude.slots = {{offset, static_cast<std::uint32_t>(content.size()), Slot::kNoBase}};
  frame.body = {FrameEncoding::stored, bytes_of(content)};
  frame.plain_size = static_cast<std::uint32_t>(content.size());
  return frame;
}

struct BuiltPack {
  PackBuilder::Finished pack;
  std::vector<FrameRef> frames;
};

BuiltPack build(const KeyRing& keys, const PackId& id = some_pack()) {
  PackBuilder builder(keys, id, 1'000);
  std::vector<FrameRef> frames;
  for (std::size_t i = 0; i < kFrames; ++i) {
    frames.push_back(builder.append(some_frame(i * 4096, "content " + std::to_string(i))));
  }
  return {std::move(builder).finish(), frames};
}

}  // namespace

TEST_CASE("a pack that is sealed again is the one that had been built under its new name") {
  for (const KeyRing& keys : {open_keys(), secret_keys()}) {
    const auto again = sealed_again(build(keys).pack, some_pack(9), keys);
    const BuiltPack expected = build(keys, some_pack(9));
    CHECK(again.id == some_pack(9));
    CHECK(again.bytes == expected.pack.bytes);
    CHECK(again.sha256 == expected.pack.sha256);
  }
}

TEST_CASE("a pack is not sealed again when it is not what was built") {
  BuiltPack built = build(secret_keys());
  built.pack.bytes[built.frames[1].offset + built.frames[1].length / 2] ^= std::byte{1};
  CHECK(code_of([&] { sealed_again(built.pack, some_pack(9), secret_keys()); }) == ErrorCode::damaged);
}

TEST_CASE("the bytes of a pack never change") {
  CHECK(build(open_keys()).pack.sha256 == "4ad959c5ce1fa9d81d428cd0a1d65b29dd160ad2e9005807e43850c9da0c9f80");
  CHECK(build(secret_keys()).pack.sha256 == "a73539fe8a959aa96a9b4c78d5c209942daa4d3b80bfc4846518ac7937994ee1");
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
    CHECK(built.pack.sha256 == to_hex(sha256(without_last(bytes, kPackChecksumSize))));
    CHECK(check_pack(bytes, some_pack()) == built.pack.sha256);
    const PackDirectory directory = read_directory(bytes, some_pack(), keys);
    REQUIRE(directory.frames.size() == kFrames);
    std::size_t end = kPackHeaderSize;
    for (std::size_t i = 0; i < kFrames; ++i) {
      const FrameRef& frame = built.frames[i];
      CHECK(directory.frames[i].place == frame);
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
  CHECK(read_directory(pack.bytes, some_pack(), secret_keys()).frames.empty());
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

TEST_CASE("a pack's directory says which chunks its frames hold, and which packs they stand on") {
  PackBuilder builder(secret_keys(), some_pack(), 1'000);
  Frame delta = some_frame(8192, "delta");
  delta.prelude = {.entry = 3,
                   .table_level = 1,
                   .slots = {{100, 2, 0}, {200, 3, Slot::kNoBase}},
                   .bases = {{{some_pack(7), 64, 900}, 0}}};
  delta.body.encoding = FrameEncoding::zstd_delta;
  delta.depth = 2;
  delta.ids = {open_keys().chunk_id(bytes_of("de")), open_keys().chunk_id(bytes_of("lta"))};
  const FrameRef place = builder.append(delta);
  const Bytes bytes = std::move(builder).finish().bytes;
  const PackDirectory directory = read_directory(bytes, some_pack(), secret_keys());
  CHECK(directory.bases == std::set{some_pack(7)});
  REQUIRE(directory.frames.size() == 1);
  const DirectoryFrame expected{.place = place,
                                .depth = 2,
                                .entry = 3,
                                .table_level = 1,
                                .slots = {{delta.ids[0], 100, 2}, {delta.ids[1], 200, 3}}};
  CHECK(directory.frames.front() == expected);
  const ChunkRef row = directory.frames.front().row(1);
  CHECK(row == ChunkRef{.id = delta.ids[1], .at = {place, 1}, .length = 3, .depth = 2});
}

TEST_CASE("the directory of a pack can be read from the pack's end alone") {
  const BuiltPack built = build(secret_keys());
  const ByteView bytes = built.pack.bytes;
  const PackTrailer trailer = read_trailer(bytes.last(kPackTrailerSize), bytes.size(), some_pack());
  CHECK(to_hex(trailer.checksum) == built.pack.sha256);
  const ByteView sealed = bytes.subspan(trailer.directory_offset, trailer.directory_size);
  CHECK(open_directory(sealed, trailer, some_pack(), secret_keys()).frames.size() == kFrames);
  CHECK(code_of([&] { (void)read_trailer(bytes.last(kPackTrailerSize), bytes.size() + 1, some_pack()); }) ==
        ErrorCode::damaged);
}

TEST_CASE("a frame that does not name its chunks is not stored") {
  PackBuilder builder(open_keys(), some_pack(), 1'000);
  Frame frame = some_frame(0, "content");
  frame.ids.clear();
  CHECK(code_of([&] { builder.append(frame); }) == ErrorCode::internal);
}

}  // namespace dbsnap
