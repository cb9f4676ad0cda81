#include "repo/frame_job.hpp"

#include <algorithm>
#include <utility>

#include "format/byte_io.hpp"

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

Base read_base(FrameJob& job, const StoreServices& services) {
  Base base;
  std::vector<std::uint16_t> position_of(job.bases.size(), Slot::kNoBase);
  for (std::size_t i = 0; i < job.bases.size(); ++i) {
    const auto slot = usable_base(job.bases[i], services.parent_frames, services.context);
    if (!slot) continue;
    const FramePtr frame = services.parent_frames.load(slot->frame, services.context);
    ByteWriter(base.bytes).bytes(frame->chunk(slot->slot));
    position_of[i] = static_cast<std::uint16_t>(base.slots.size());
    base.slots.push_back(*slot);
    base.depth = std::max(base.depth, static_cast<std::uint8_t>(frame->depth() + 1));
  }
  for (Slot& slot : job.prelude.slots) {
    if (slot.base != Slot::kNoBase) slot.base = position_of[slot.base];
  }
  return base;
}

Base read_base_or_none(FrameJob& job, const StoreServices& services) {
  if (job.bases.empty() || !services.deltas) return {};
  try {
    return read_base(job, services);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged && failure.code() != ErrorCode::not_found) throw;
    services.findings.warn("data of the previous snapshot cannot be read, so it was stored anew: " + failure.message());
    return {};
  }
}

}  // namespace

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
  frame.depth = job.depth;
  job.plain = {};
  job.place = services.packs.append(frame);
  ++services.counters.frames;
}

}  // namespace dbsnap
