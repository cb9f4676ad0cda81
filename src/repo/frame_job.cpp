#include "repo/frame_job.hpp"

#include <algorithm>
#include <utility>

#include "format/byte_io.hpp"
#include "repo/base_choice.hpp"

namespace dbsnap {
namespace {

/// The bytes a frame is compressed against, and where they come from.
struct Base {
  Bytes bytes;
  std::vector<SlotRef> slots;
  std::uint8_t depth = 0;
};

// A chunk at the end of its chain is not a base itself: the whole chunk at its root is. The delta
// then holds all changes since, and the chain starts anew.
std::optional<SlotRef> usable_base(const ChunkRef& chunk, FrameStore& frames, const Context& context) {
  if (chunk.depth < kChainBound) return chunk.at;
  return frames.root_of(chunk.at, chunk.depth, context);
}

// Appends the bytes that `chunk` stands for as a base; false when there are none to be had.
bool add_base(const ChunkRef& chunk, Base& base, const StoreServices& services) {
  const Context& context = services.context;
  if (services.base_elsewhere && chunk.depth < kChainBound) {
    if (const auto bytes = services.base_elsewhere(chunk, context)) {
      ByteWriter(base.bytes).bytes(*bytes);
      base.slots.push_back(chunk.at);
      base.depth = std::max(base.depth, static_cast<std::uint8_t>(chunk.depth + 1));
      return true;
    }
  }
  if (services.base_elsewhere && !services.cheap_reads) return false;
  const auto slot = usable_base(chunk, services.parent_frames, context);
  if (!slot) return false;
  const FramePtr frame = services.parent_frames.load(slot->frame, context);
  ByteWriter(base.bytes).bytes(frame->chunk(slot->slot));
  base.slots.push_back(*slot);
  base.depth = std::max(base.depth, static_cast<std::uint8_t>(frame->depth() + 1));
  return true;
}

Base read_base(FrameJob& job, const StoreServices& services) {
  Base base;
  std::vector<std::uint16_t> position_of(job.bases.size(), Slot::kNoBase);
  for (std::size_t i = 0; i < job.bases.size(); ++i) {
    const auto position = static_cast<std::uint16_t>(base.slots.size());
    if (add_base(job.bases[i], base, services)) position_of[i] = position;
  }
  for (Slot& slot : job.prelude.slots) {
    if (slot.base != Slot::kNoBase) slot.base = position_of[slot.base];
  }
  return base;
}

// What stands between a base and the root of its chain must be fetched too, and is as long as the base or shorter.
BaseCost cost_of(const FrameJob& job, const StoreServices& services) {
  BaseCost cost{.new_bytes = job.plain.size()};
  const FrameRef* last = nullptr;
  for (const ChunkRef& base : job.bases) {
    if (last != nullptr && *last == base.at.frame) continue;
    last = &base.at.frame;
    cost.fetch_bytes += services.parent_frames.fetch_bytes(base.at.frame) * (base.depth + 1U);
  }
  return cost;
}

Base read_base_or_none(FrameJob& job, const StoreServices& services) {
  if (job.bases.empty() || services.base_data == BaseData::never) return {};
  const bool near = services.cheap_reads || services.base_elsewhere;
  if (!near && !reads_bases(services.base_data, false, cost_of(job, services))) return {};
  try {
    return read_base(job, services);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged && failure.code() != ErrorCode::not_found) throw;
    services.findings.warn("data of the previous snapshot cannot be read, so it was stored anew: " + failure.message());
    return {};
  }
}

}  // namespace

void check_compression_level(int level) {
  if (level >= 1 && level <= 19) return;
  throw Error(ErrorCode::invalid_argument, "the compression level must be from 1 to 19");
}

void encode_job(FrameJob& job, const StoreServices& services) {
  services.context.check();
  Base base = read_base_or_none(job, services);
  Frame frame;
  frame.body = CodecPool::Lease(services.codecs)->encode(job.plain, base.bytes, services.compression_level);
  frame.plain_size = static_cast<std::uint32_t>(job.plain.size());
  if (frame.body.encoding == FrameEncoding::zstd_delta) {
    job.prelude.bases = std::move(base.slots);
    job.depth = base.depth;
    ++services.counters.frames_delta;
  } else {
    for (Slot& slot : job.prelude.slots) slot.base = Slot::kNoBase;
  }
  frame.prelude = std::move(job.prelude);
  frame.ids = std::move(job.ids);
  frame.depth = job.depth;
  job.plain = {};
  job.place = services.packs.append(frame);
  ++services.counters.frames;
}

}  // namespace dbsnap
