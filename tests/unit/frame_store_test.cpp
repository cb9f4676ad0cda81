// Frames are read with their bases, and frames that were made to lead astray are refused.
#include "repo/frame_store.hpp"

#include <doctest/doctest.h>

#include "dbsnap/sinks/memory.hpp"
#include "dbsnap/sinks/wrap.hpp"
#include "format/pack.hpp"
#include "unit/format_fixture.hpp"

namespace dbsnap::testing {
namespace {

/// A repository's packs, written by hand.
class Packs {
 public:
  Packs()
      : counter(std::make_shared<SinkCounter>()),
        state(make_count_sink(make_memory_sink(), counter), {}, secret_keys()) {}

  Frame plain_frame(std::string_view text) {
    Frame frame;
    frame.ids = {state.keys.chunk_id(as_byte_view(text))};
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

  /// Stores frames of these texts side by side in pack `number`.
  std::vector<FrameRef> store_together(std::uint32_t number, const std::vector<std::string_view>& texts) {
    PackBuilder builder(state.keys, some_pack(number), 4096);
    std::vector<FrameRef> places;
    for (const std::string_view text : texts) places.push_back(builder.append(plain_frame(text)));
    const auto pack = std::move(builder).finish();
    state.sink->put(pack_key(pack.id), pack.bytes, {}, {});
    return places;
  }

  [[nodiscard]] std::uint64_t gets() const { return counter->counts().gets; }

  std::shared_ptr<SinkCounter> counter;
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

TEST_CASE("frames that lie side by side are read by one call, in whatever order they are wanted") {
  Packs packs;
  const std::vector<FrameRef> at = packs.store_together(1, {"one", "two", "three", "four"});
  const FrameRef far = packs.store(2, packs.plain_frame("far"));

  const auto loaded = packs.frames.load_together({at[2], far, at[0], at[1], at[2]}, {});

  CHECK(loaded.size() == 4);
  CHECK(packs.gets() == 2);
  CHECK(as_text(packs.frames.load(at[1], {})->chunk(0)) == "two");
  CHECK(as_text(packs.frames.load(far, {})->chunk(0)) == "far");
  CHECK(packs.gets() == 2);
}

TEST_CASE("frames that are at hand are not read again with their neighbours") {
  Packs packs;
  const std::vector<FrameRef> at = packs.store_together(1, {"one", "two", "three"});
  packs.frames.load(at[1], {});

  const auto loaded = packs.frames.load_together(at, {});

  CHECK(loaded.size() == 2);
  CHECK(packs.gets() == 3);
}

TEST_CASE("a base that is read together with its delta is read once, in whatever order they lie") {
  for (const std::uint32_t delta_pack : {1U, 3U}) {
    Packs packs;
    const std::string old_text(3000, 'a'), new_text = old_text + "b";
    const FrameRef base = packs.store(2, packs.plain_frame(old_text));
    const FrameRef delta = packs.store(delta_pack, packs.delta_frame(new_text, old_text, {base, 0}, 1));

    const auto loaded = packs.frames.load_together({delta, base}, {});

    CHECK(as_text(loaded.at(delta)->chunk(0)) == new_text);
    CHECK(packs.gets() == 2);
  }
}

TEST_CASE("frames that were read together are not read again when there is no room to remember them") {
  Packs packs;
  const std::vector<FrameRef> at = packs.store_together(1, {"one", "two", "three"});
  FrameStore forgetful(packs.state, packs.codecs, 1);
  const auto loaded = forgetful.load_together(at, {});

  for (std::size_t i = 0; const std::string_view text : {"one", "two", "three"}) {
    const ChunkRef row{.id = packs.state.keys.chunk_id(as_byte_view(text)),
                       .at = {at[i++], 0},
                       .length = static_cast<std::uint32_t>(text.size())};
    FramePtr keep;
    CHECK(as_text(forgetful.chunk(row, keep, {}, loaded)) == text);
  }
  CHECK(packs.gets() == 1);
}

TEST_CASE("frames that could not be read together can each be wanted again") {
  Packs packs;
  const std::vector<FrameRef> at = packs.store_together(1, {"one", "two", "three"});
  const std::string key = pack_key(some_pack(1));
  const Bytes whole = packs.state.sink->get(key, {}, {});
  Bytes cut(whole.begin(), whole.begin() + at[1].offset + 3);
  packs.state.sink->put(key, cut, {}, {});

  CHECK(code_of([&] { static_cast<void>(packs.frames.load_together(at, {})); }) == ErrorCode::damaged);
  CHECK(code_of([&] { packs.frames.load(at[1], {}); }) == ErrorCode::damaged);
  CHECK(as_text(packs.frames.load(at[0], {})->chunk(0)) == "one");
  packs.state.sink->put(key, whole, {}, {});
  CHECK(as_text(packs.frames.load(at[2], {})->chunk(0)) == "three");
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
