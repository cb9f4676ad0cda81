#include "repo/chunk_feed.hpp"
#include "dbsnap/error.hpp"

#include <algorithm>
#include <utility>

namespace dbsnap {
namespace {

constexpr std::size_t kSlabSize = 1U << 20;

}  // namespace

ChunkFeed::ChunkFeed(const StoreServices& services, const ContentCutter& cutter, RateLimit& limit)
    : services_(services), cutter_(cutter), limit_(limit) {}

ChunkFeed::~ChunkFeed() {
  for (const auto& slab : hashing_) {
    try {
      services_.pool.wait(slab->hashing);
    } catch (...) {
      // The failure that is being thrown already is the one to report.
    }
  }
}

void ChunkFeed::run(EntryReader& reader, EntryKind kind, StreamWriter& out) {
  carry_.clear();
  bool at_end = false;
  while (!at_end) {
    auto slab = take_slab();
    at_end = fill(*slab, reader);
    cut(*slab, kind, at_end);
    Slab* const filled = slab.get();
    filled->hashing = services_.pool.submit([this, filled] { hash(*filled); });
    hashing_.push_back(std::move(slab));
    // One slab per thread is hashed while the next is read.
    if (hashing_.size() > services_.pool.workers() + 1) deliver_oldest(out);
  }
  while (!hashing_.empty()) deliver_oldest(out);
}

std::unique_ptr<ChunkFeed::Slab> ChunkFeed::take_slab() {
  if (idle_.empty()) {
    auto slab = std::make_unique<Slab>();
    slab->buffer.resize(kSlabSize + cutter_.parameters().max);
    return slab;
  }
  auto slab = std::move(idle_.back());
  idle_.pop_back();
  return slab;
}

// True when the entry has ended.
bool ChunkFeed::fill(Slab& slab, EntryReader& reader) {
  std::ranges::copy(carry_, slab.buffer.begin());
  slab.filled = carry_.size();
  const std::size_t target = carry_.size() + kSlabSize;
  carry_.clear();
  while (slab.filled < target) {
    services_.context.check();
    const auto room = MutableByteView(slab.buffer).subspan(slab.filled, target - slab.filled);
    const std::size_t read = reader.read(room, services_.context);
    if (read == 0) return true;
    if (read > room.size()) throw Error(ErrorCode::internal, "the engine says it read more than it was asked to");
    slab.filled += read;
    services_.counters.bytes_read += read;
    services_.meter.add_done(read);
    services_.meter.report();
    limit_.take(read, services_.context);
  }
  return false;
}

void ChunkFeed::cut(Slab& slab, EntryKind kind, bool at_end) {
  slab.chunks.clear();
  ByteView rest = ByteView(slab.buffer).first(slab.filled);
  const std::size_t fixed = services_.state.config.chunk_size;
  while (!rest.empty()) {
    std::size_t length = 0;
    if (kind == EntryKind::stream) {
      length = cutter_.cut(rest, at_end);
    } else if (rest.size() >= fixed || at_end) {
      length = std::min(fixed, rest.size());
    }
    if (length == 0) break;
    slab.chunks.push_back(rest.first(length));
    rest = rest.subspan(length);
  }
  carry_.assign(rest.begin(), rest.end());
}

void ChunkFeed::hash(Slab& slab) {
  slab.ids.clear();
  for (const ByteView chunk : slab.chunks) slab.ids.push_back(services_.state.keys.chunk_id(chunk));
}

void ChunkFeed::deliver_oldest(StreamWriter& out) {
  services_.pool.wait(hashing_.front()->hashing);
  auto slab = std::move(hashing_.front());
  hashing_.pop_front();
  for (std::size_t i = 0; i < slab->chunks.size(); ++i) out.add(slab->ids[i], slab->chunks[i]);
  services_.counters.chunks += slab->chunks.size();
  idle_.push_back(std::move(slab));
}

}  // namespace dbsnap
