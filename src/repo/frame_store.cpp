#include "repo/frame_store.hpp"

#include <algorithm>
#include <utility>

#include "format/byte_io.hpp"

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

FrameStore::FrameStore(const RepositoryState& state, CodecPool& codecs, std::size_t cache_bytes)
    : state_(state), codecs_(codecs), cache_bytes_(cache_bytes) {}

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

// Never waits for another thread: two frames that are forged to be each other's base would wait for ever.
FramePtr FrameStore::load_base(const FrameRef& frame, unsigned depth_below, const Context& context) {
  if (auto cached = find(frame)) return cached;
  FramePtr decoded = decode(frame, depth_below, context);
  remember(frame, decoded);
  return decoded;
}

ByteView FrameStore::chunk(const ChunkRef& chunk, FramePtr& keep, const Context& context) {
  keep = load(chunk.at.frame, context);
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

FramePtr FrameStore::find(const FrameRef& frame) {
  const std::scoped_lock lock(mutex_);
  const auto found = frames_.find(frame);
  return found == frames_.end() ? nullptr : touch(found->second);
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
  Bytes bytes;
  try {
    bytes = state_.sink->get(pack_key(frame.pack), {frame.offset, frame.length}, context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found) throw;
    throw Error(ErrorCode::damaged, "pack " + pack_key(frame.pack) + " is missing")
        .why(failure.message())
        .with("object", pack_key(frame.pack));
  }
  try {
    if (bytes.size() != frame.length) throw Error(ErrorCode::damaged, "it ends too early");
    return open_frame(bytes, state_.keys.pack_sealer(frame.pack), frame.offset);
  } catch (const Error& failure) {
    throw damaged_in(frame, failure.message());
  }
}

Bytes FrameStore::base_bytes(const OpenedFrame& opened, const Context& context) {
  Bytes base;
  for (const SlotRef& slot : opened.prelude.bases) {
    const FramePtr holder = load_base(slot.frame, opened.header.depth, context);
    ByteWriter(base).bytes(holder->chunk(slot.slot));
  }
  return base;
}

FramePtr FrameStore::decode(const FrameRef& frame, unsigned depth_below, const Context& context) {
  context.check();
  OpenedFrame opened = open(frame, context);
  // Depth falls with every step, so that a forged ring of frames cannot be followed for ever.
  if (opened.header.depth >= depth_below) throw damaged_in(frame, "it is the base of a frame that is not newer");
  const Bytes base = base_bytes(opened, context);
  auto plain = CodecPool::Lease(codecs_)->decode(opened.header.encoding, opened.body, base, opened.header.plain_size);
  if (!plain) throw damaged_in(frame, "its body does not decode");
  return std::make_shared<DecodedFrame>(*std::move(plain), std::move(opened.prelude), opened.header.depth);
}

}  // namespace dbsnap
