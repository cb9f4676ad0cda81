#include "repo/frame_store.hpp"

#include <algorithm>
#include <utility>

#include "format/byte_io.hpp"
#include "repo/frame_run.hpp"

namespace dbsnap {
namespace {

Error damaged_in(const FrameRef& frame, const std::string& why) {
  const std::string key = pack_key(frame.pack);
  return Error(ErrorCode::damaged, "pack " + key + " is damaged at byte " + std::to_string(frame.offset))
      .why(why)
      .with("object", key);
}

}  // namespace

DecodedFrame::DecodedFrame(Bytes plain, Prelude prelude, std::uint8_t depth)
    : plain_(std::move(plain)), prelude_(std::move(prelude)), depth_(depth) {
  starts_.reserve(prelude_.slots.size());
  std::uint32_t start = 0;
  for (const Slot& slot : prelude_.slots) {
    starts_.push_back(start);
    start += slot.length;
  }
}

ByteView DecodedFrame::chunk(std::uint16_t slot) const {
  if (slot >= starts_.size())
    throw Error(ErrorCode::damaged, "a chunk table names a chunk that its frame does not hold");
  return ByteView(plain_).subspan(starts_[slot], prelude_.slots[slot].length);
}

FrameStore::FrameStore(const RepositoryState& state, CodecPool& codecs, std::size_t cache_bytes, FrameFetch fetch,
                       StoredCache* stored)
    : state_(state), codecs_(codecs), cache_bytes_(cache_bytes), fetch_(std::move(fetch)), stored_(stored) {}

FramePtr FrameStore::load(const FrameRef& frame, const Context& context) {
  if (auto cached = find_or_claim(frame)) return cached;
  try {
    FramePtr decoded = decode(frame, kMaxDepth + 1, context);
    remember(frame, decoded);
    return decoded;
  } catch (...) {
    give_up(frame);
    throw;
  }
}

// Waits for no other thread while it has frames of its own to load, so that no two can wait for each other.
LoadedFrames FrameStore::load_together(const std::vector<FrameRef>& frames, const Context& context) {
  std::vector<FrameRef> claimed;
  std::ranges::copy_if(frames, std::back_inserter(claimed), [this](const FrameRef& frame) { return claim(frame); });
  try {
    LoadedFrames loaded;
    for (auto& [frame, opened] : open_together(claimed, context)) {
      const FramePtr decoded = decode(frame, std::move(opened), kMaxDepth + 1, context);
      remember(frame, decoded);
      loaded.emplace(frame, decoded);
    }
    return loaded;
  } catch (...) {
    for (const FrameRef& frame : claimed) give_up(frame);
    throw;
  }
}

// In the order of their depths: a base that is among them is decoded before the delta that would else fetch it again.
std::vector<std::pair<FrameRef, OpenedFrame>> FrameStore::open_together(const std::vector<FrameRef>& frames,
                                                                        const Context& context) const {
  std::vector<std::pair<FrameRef, OpenedFrame>> all;
  for (const FrameRun& run : runs_of(frames)) {
    const Bytes bytes = fetch(run.span, context);
    for (const FrameRef& frame : run.frames) {
      const std::size_t begin = std::min<std::size_t>(frame.offset - run.span.offset, bytes.size());
      const std::size_t length = std::min<std::size_t>(frame.length, bytes.size() - begin);
      all.emplace_back(frame, open_stored(frame, ByteView(bytes).subspan(begin, length), context));
    }
  }
  std::ranges::stable_sort(all, {}, [](const auto& each) { return each.second.header.depth; });
  return all;
}

// Never waits for another thread: two frames that are forged to be each other's base would wait for ever.
FramePtr FrameStore::load_base(const FrameRef& frame, unsigned depth_below, const Context& context) {
  if (auto cached = find(frame)) return cached;
  FramePtr decoded = decode(frame, depth_below, context);
  remember(frame, decoded);
  return decoded;
}

ByteView FrameStore::chunk(const ChunkRef& chunk, FramePtr& keep, const Context& context, const LoadedFrames& loaded) {
  const auto at_hand = loaded.find(chunk.at.frame);
  keep = at_hand != loaded.end() ? at_hand->second : load(chunk.at.frame, context);
  const ByteView bytes = keep->chunk(chunk.at.slot);
  if (bytes.size() != chunk.length || state_.keys.chunk_id(bytes) != chunk.id) {
    throw damaged_in(chunk.at.frame, "a chunk does not have the bytes that its id stands for");
  }
  return bytes;
}

std::optional<SlotRef> FrameStore::root_of(const SlotRef& at, std::uint8_t depth, const Context& context) {
  SlotRef place = at;
  for (; depth > 0; --depth) {
    const FramePtr cached = find(place.frame);
    const Prelude prelude = cached ? cached->prelude() : open(place.frame, context).prelude;
    if (place.slot >= prelude.slots.size()) throw damaged_in(place.frame, "it does not hold the chunk it is said to");
    const std::uint16_t base = prelude.slots[place.slot].base;
    if (base == Slot::kNoBase) return prelude.bases.empty() ? std::optional(place) : std::nullopt;
    place = prelude.bases[base];
  }
  return place;
}

std::uint64_t FrameStore::fetch_bytes(const FrameRef& frame) {
  if (find(frame) || (stored_ != nullptr && stored_->has_frame(frame))) return 0;
  return frame.length;
}

FramePtr FrameStore::find(const FrameRef& frame) {
  const std::scoped_lock lock(mutex_);
  const auto found = frames_.find(frame);
  return found == frames_.end() ? nullptr : touch(found->second);
}

// Whether the caller is now the one to load the frame, which is not at hand.
bool FrameStore::claim(const FrameRef& frame) {
  if (stored_ != nullptr && stored_->has_frame(frame)) return false;
  const std::scoped_lock lock(mutex_);
  return frames_.try_emplace(frame, Cached{nullptr, recent_.end()}).second;
}

// Null when the caller is now the one to load the frame.
FramePtr FrameStore::find_or_claim(const FrameRef& frame) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto [found, claimed] = frames_.try_emplace(frame, Cached{nullptr, recent_.end()});
    if (claimed) return nullptr;
    if (found->second.frame) return touch(found->second);
    loaded_.wait(lock);
  }
}

FramePtr FrameStore::touch(Cached& cached) {
  if (cached.frame) recent_.splice(recent_.begin(), recent_, cached.position);
  return cached.frame;
}

void FrameStore::remember(const FrameRef& frame, const FramePtr& decoded) {
  const std::scoped_lock lock(mutex_);
  Cached& cached = frames_[frame];
  if (cached.frame) return;
  recent_.push_front(frame);
  cached = {decoded, recent_.begin()};
  bytes_ += decoded->size();
  while (bytes_ > cache_bytes_ && recent_.size() > 1) {
    const auto oldest = frames_.find(recent_.back());
    bytes_ -= oldest->second.frame->size();
    frames_.erase(oldest);
    recent_.pop_back();
  }
  loaded_.notify_all();
}

void FrameStore::give_up(const FrameRef& frame) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = frames_.find(frame); found != frames_.end() && !found->second.frame) frames_.erase(found);
  loaded_.notify_all();
}

OpenedFrame FrameStore::open(const FrameRef& frame, const Context& context) const {
  if (auto kept = open_kept(frame)) return *std::move(kept);
  return open_stored(frame, fetch(frame, context), context);
}

OpenedFrame FrameStore::open_stored(const FrameRef& frame, ByteView bytes, const Context& context) const {
  try {
    if (bytes.size() != frame.length) throw Error(ErrorCode::damaged, "it ends too early");
    OpenedFrame opened = open_frame(bytes, state_.keys.pack_sealer(frame.pack), frame.offset);
    if (stored_ != nullptr) stored_->keep_frame(frame, bytes, context);
    return opened;
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    throw damaged_in(frame, failure.message());
  }
}

// What the cache has is only believed when its seal is whole.
std::optional<OpenedFrame> FrameStore::open_kept(const FrameRef& frame) const {
  const auto bytes = stored_ == nullptr ? std::nullopt : stored_->frame(frame);
  if (!bytes) return std::nullopt;
  try {
    return open_frame(*bytes, state_.keys.pack_sealer(frame.pack), frame.offset);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    stored_->drop_frame(frame);
    return std::nullopt;
  }
}

Bytes FrameStore::fetch(const FrameRef& frame, const Context& context) const {
  try {
    if (fetch_) return fetch_(frame, context);
    return state_.sink->get(pack_key(frame.pack), {frame.offset, frame.length}, context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found) throw;
    throw Error(ErrorCode::damaged, "pack " + pack_key(frame.pack) + " is missing")
        .why(failure.message())
        .with("object", pack_key(frame.pack));
  }
}

Bytes FrameStore::base_bytes(const OpenedFrame& opened, const Context& context) {
  Bytes base;
  for (const SlotRef& slot : opened.prelude.bases) {
    if (const auto found = find_base_ ? find_base_(slot, context) : std::nullopt) {
      ByteWriter(base).bytes(*found);
      continue;
    }
    const FramePtr holder = load_base(slot.frame, opened.header.depth, context);
    ByteWriter(base).bytes(holder->chunk(slot.slot));
  }
  return base;
}

FramePtr FrameStore::decode(const FrameRef& frame, unsigned depth_below, const Context& context) {
  context.check();
  return decode(frame, open(frame, context), depth_below, context);
}

FramePtr FrameStore::decode(const FrameRef& frame, OpenedFrame opened, unsigned depth_below, const Context& context) {
  // Depth falls with every step, so that a forged ring of frames cannot be followed for ever.
  if (opened.header.depth >= depth_below) throw damaged_in(frame, "it is the base of a frame that is not newer");
  const Bytes base = base_bytes(opened, context);
  auto plain = CodecPool::Lease(codecs_)->decode(opened.header.encoding, opened.body, base, opened.header.plain_size);
  if (!plain) throw damaged_in(frame, "its body does not decode");
  return std::make_shared<DecodedFrame>(*std::move(plain), std::move(opened.prelude), opened.header.depth);
}

}  // namespace dbsnap
