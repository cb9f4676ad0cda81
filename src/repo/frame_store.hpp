// Frame store: decoded frames out of packs, each decoded once while it is wanted.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "dbsnap/context.hpp"
#include "format/frame.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// A frame's plain bytes and where its chunks are in them.
class DecodedFrame {
 public:
  DecodedFrame(Bytes plain, Prelude prelude, std::uint8_t depth);

  /// Bytes of one chunk; throws Error{damaged} for a slot that does not exist.
  [[nodiscard]] ByteView chunk(std::uint16_t slot) const;
  [[nodiscard]] const Prelude& prelude() const noexcept { return prelude_; }
  [[nodiscard]] std::uint8_t depth() const noexcept { return depth_; }
  [[nodiscard]] std::size_t size() const noexcept { return plain_.size(); }

 private:
  Bytes plain_;
  Prelude prelude_;
  std::vector<std::uint32_t> starts_;
  std::uint8_t depth_;
};
using FramePtr = std::shared_ptr<const DecodedFrame>;

/// Reads, opens and decodes frames, bases first, and keeps the last ones up to a number of bytes.
/// Safe from many threads; a frame that several want at once is decoded by one of them. Throws
/// Error{damaged} naming the pack.
class FrameStore {
 public:
  FrameStore(const RepositoryState& state, CodecPool& codecs, std::size_t cache_bytes);

  FramePtr load(const FrameRef& frame, const Context& context);
  /// The chunk's bytes after they were checked against its id; `keep` holds them alive.
  ByteView chunk(const ChunkRef& chunk, FramePtr& keep, const Context& context);
  /// Chunk of depth 0 that the chunk at `at` was first made from, where each delta on the way says so.
  std::optional<SlotRef> root_of(const SlotRef& at, std::uint8_t depth, const Context& context);

 private:
  struct Cached {
    FramePtr frame;                          // null while it is being loaded
    std::list<FrameRef>::iterator position;  // in recent_, once loaded
  };

  FramePtr load_base(const FrameRef& frame, unsigned depth_below, const Context& context);
  FramePtr decode(const FrameRef& frame, unsigned depth_below, const Context& context);
  OpenedFrame open(const FrameRef& frame, const Context& context) const;
  Bytes base_bytes(const OpenedFrame& opened, const Context& context);
  FramePtr find(const FrameRef& frame);
  FramePtr find_or_claim(const FrameRef& frame);
  FramePtr touch(Cached& cached);
  void remember(const FrameRef& frame, const FramePtr& decoded);
  void give_up(const FrameRef& frame);

  const RepositoryState& state_;
  CodecPool& codecs_;
  const std::size_t cache_bytes_;
  std::mutex mutex_;
  std::condition_variable loaded_;
  std::map<FrameRef, Cached> frames_;
  std::list<FrameRef> recent_;  // most recently used first; frames being loaded are not in it
  std::size_t bytes_ = 0;
};

}  // namespace dbsnap
