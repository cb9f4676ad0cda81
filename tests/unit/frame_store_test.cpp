// Frames are read with their bases, and frames that were made to lead astray are refused.
#include "repo/frame_store.hpp"

#include <doctest/doctest.h>

#include "dbsnap/sinks/memory.hpp"
#include "format/pack.hpp"
#include "unit/format_fixture.hpp"

namespace dbsnap::testing {
namespace {

/// A repository's packs, written by hand.
class Packs {
 public:
  Packs() : state(make_memory_sink(), {}, secret_keys()) {}

  Frame plain_frame(std::string_view text) {
    Frame frame;
    frame.prelude.slots = {{.offset = 0, .length = static_cast<std::uint32_t>(text.size())}};
    frame.body = {FrameEncoding::zstd, FrameCodec().compress(as_byte_view(text), {}, 3)};
    frame.plain_size = static_cast<std::uint32_t>(text.size());
    return frame;
  }

  Frame delta_frame(std::string_view text, std::string_view base_text, const SlotRef& base, std::uint8_t depth) {
    Frame frame = plain_frame(text);
    frame.prelude.slots.front().base = 0;
    frame.prelude.bases = {base};
    frame.body = {FrameEncoding::zstd_delta, FrameCodec().compress(as_byte_view(text), as_byte_view(base_text), 3)};
    frame.depth = depth;
    return frame;
  }

  /// Stores `frame` as the only one of pack `number`.
  FrameRef store(std::uint32_t number, const Frame& frame) {
    PackBuilder builder(state.keys, some_pack(number), 4096);
    const FrameRef place = builder.append(frame);
    const auto pack = std::move(builder).finish();
    state.sink->put(pack_key(pack.id), pack.bytes, {}, {});
    return place;
  }

  RepositoryState state;
  CodecPool codecs;
  FrameStore frames{state, codecs, 1 << 20};
};

/// Where the only frame of a pack is, before it is written; its length must be known.
FrameRef first_frame(std::uint32_t number, std::uint32_t length) {
  return {some_pack(number), kPackHeaderSize, length};
}

TEST_CASE("a delta is decoded with the chunk it names as base") {
  Packs packs;
  const std::string old_text(3000, 'a'), new_text = old_text + "b";
  const FrameRef base = packs.store(1, packs.plain_frame(old_text));
  const FrameRef delta = packs.store(2, packs.delta_frame(new_text, old_text, {base, 0}, 1));

  const FramePtr frame = packs.frames.load(delta, {});

  CHECK(as_text(frame->chunk(0)) == new_text);
  CHECK(packs.frames.root_of({delta, 0}, 1, {}) == SlotRef{base, 0});
}

TEST_CASE("two frames that are forged to be each other's base are refused, not followed for ever") {
  Packs packs;
  const std::string text(500, 'x');
  // The length of a frame does not depend on where its base is.
  const std::uint32_t length = packs.store(9, packs.delta_frame(text, text, {first_frame(2, 150), 0}, 3)).length;
  const FrameRef one = packs.store(1, packs.delta_frame(text, text, {first_frame(2, length), 0}, 3));
  const FrameRef two = packs.store(2, packs.delta_frame(text, text, {first_frame(1, length), 0}, 3));
  REQUIRE(one.length == two.length);

  CHECK(code_of([&] { packs.frames.load(one, {}); }) == ErrorCode::damaged);
  CHECK(code_of([&] { packs.frames.load(two, {}); }) == ErrorCode::damaged);
}

TEST_CASE("a pack that is gone is damage that names the pack") {
  Packs packs;
  const Error failure = failure_of([&] { packs.frames.load(first_frame(7, 100), {}); });

  CHECK(failure.code() == ErrorCode::damaged);
  CHECK(failure.message().find(pack_key(some_pack(7))) != std::string::npos);
}

TEST_CASE("a frame that could not be read is read again when it is wanted again") {
  Packs packs;
  const Frame frame = packs.plain_frame("text");
  const FrameRef place = packs.store(1, frame);
  packs.state.sink->remove(pack_key(some_pack(1)), {});
  REQUIRE(code_of([&] { packs.frames.load(place, {}); }) == ErrorCode::damaged);
  packs.store(1, frame);

  CHECK(as_text(packs.frames.load(place, {})->chunk(0)) == "text");
}

TEST_CASE("a chunk whose bytes are not those of its id is refused") {
  Packs packs;
  ChunkRef row{.id = packs.state.keys.chunk_id(as_byte_view("other")),
               .at = {packs.store(1, packs.plain_frame("text")), 0},
               .length = 4};
  FramePtr keep;

  CHECK(code_of([&] { packs.frames.chunk(row, keep, {}); }) == ErrorCode::damaged);
}

}  // namespace
}  // namespace dbsnap::testing
