// Frame store: decoded frames out of packs, each decoded once while it is wanted.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

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
using LoadedFrames = std::map<FrameRef, FramePtr>;

/// Gives the stored bytes of a frame, `length` of them unless its pack ends earlier. Safe from many threads.
using FrameFetch = std::function<Bytes(const FrameRef& frame, const Context& context)>;

/// Gives the plain bytes of a chunk that is a base from another place than its frame, or nothing. Safe from many
/// threads.
using FindBase = std::function<std::optional<Bytes>(const SlotRef& at, const Context& context)>;

/// Reads, opens and decodes frames, bases first, and keeps the last ones up to a number of bytes.
/// Safe from many threads; a frame that several want at once is decoded by one of them. Throws
/// Error{damaged} naming the pack.
class FrameStore {
 public:
  /// `fetch`, when given, takes the place of ranged gets from the sink. `stored`, when given, is asked first, and keeps
  /// what had to be fetched; borrowed.
  FrameStore(const RepositoryState& state, CodecPool& codecs, std::size_t cache_bytes, FrameFetch fetch = {},
             StoredCache* stored = nullptr);

  /// Asks `find` for the bases of deltas before their frames are read. Call before anything is loaded.
  void look_for_bases_in(FindBase find) { find_base_ = std::move(find); }

  FramePtr load(const FrameRef& frame, const Context& context);
  /// Loads those of `frames` that are not at hand and that nobody else is loading: one call of the sink for those that
  /// lie side by side. For a store where a call costs more than the bytes that it brings.
  LoadedFrames load_together(const std::vector<FrameRef>& frames, const Context& context);
  /// The chunk's bytes after they were checked against its id; `keep` holds them alive. A frame in `loaded` is taken
  /// from there, whatever became of it in the store's own memory.
  ByteView chunk(const ChunkRef& chunk, FramePtr& keep, const Context& context, const LoadedFrames& loaded = {});
  /// Bytes that load() would have to fetch for the frame alone: none when it is at hand, decoded or as it is stored.
  [[nodiscard]] std::uint64_t fetch_bytes(const FrameRef& frame);
  /// Chunk of depth 0 that the chunk at `at` was first made from, where each delta on the way says so.
  std::optional<SlotRef> root_of(const SlotRef& at, std::uint8_t depth, const Context& context);

 private:
  struct Cached {
    FramePtr frame;                          // null while it is being loaded
    std::list<FrameRef>::iterator position;  // in recent_, once loaded
  };

  FramePtr load_base(const FrameRef& frame, unsigned depth_below, const Context& context);
  FramePtr decode(const FrameRef& frame, unsigned depth_below, const Context& context);
  FramePtr decode(const FrameRef& frame, OpenedFrame opened, unsigned depth_below, const Context& context);
  OpenedFrame open(const FrameRef& frame, const Context& context) const;
  std::vector<std::pair<FrameRef, OpenedFrame>> open_together(const std::vector<FrameRef>& frames,
                                                              const Context& context) const;
  OpenedFrame open_stored(const FrameRef& frame, ByteView bytes, const Context& context) const;
  [[nodiscard]] std::optional<OpenedFrame> open_kept(const FrameRef& frame) const;
  Bytes fetch(const FrameRef& frame, const Context& context) const;
  Bytes base_bytes(const OpenedFrame& opened, const Context& context);
  FramePtr find(const FrameRef& frame);
  bool claim(const FrameRef& frame);
  FramePtr find_or_claim(const FrameRef& frame);
  FramePtr touch(Cached& cached);
  void remember(const FrameRef& frame, const FramePtr& decoded);
  void give_up(const FrameRef& frame);

  const RepositoryState& state_;
  CodecPool& codecs_;
  const std::size_t cache_bytes_;
  const FrameFetch fetch_;
  StoredCache* const stored_;
  FindBase find_base_;
  std::mutex mutex_;
  std::condition_variable loaded_;
  std::map<FrameRef, Cached> frames_;
  std::list<FrameRef> recent_;  // most recently used first; frames being loaded are not in it
  std::size_t bytes_ = 0;
};

}  // namespace dbsnap
