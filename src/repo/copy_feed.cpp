#include "repo/copy_feed.hpp"

#include <utility>

#include "dbsnap/error.hpp"
#include "repo/table_reader.hpp"

namespace dbsnap {
namespace {

// Plain bytes that one task reads, and chunks of one batch however few of them are read.
constexpr std::uint64_t kBatchSize = 1U << 20;
constexpr std::size_t kMostItems = 4096;

}  // namespace

bool name_chunks_alike(const RepositoryState& one, const RepositoryState& other) {
  return (!one.keys.encrypted() && !other.keys.encrypted()) || one.config.id == other.config.id;
}

CopyFeed::CopyFeed(const RepositoryState& from_state, FrameStore& from, FrameStore& alone, TaskPool& readers,
                   const StoreServices& services)
    : from_(from),
      alone_(alone),
      readers_(readers),
      services_(services),
      same_ids_(name_chunks_alike(from_state, services.state)) {}

CopyFeed::~CopyFeed() {
  for (const auto& batch : running_) {
    try {
      readers_.wait(batch->task);
    } catch (...) {
      // The failure that is being thrown already is the one to report.
    }
  }
}

void CopyFeed::run(const ManifestEntry& entry, const FindStored& find, StreamWriter& out) {
  TableReader table(from_, entry);
  auto batch = std::make_unique<Batch>();
  for_each_chunk(table, entry, services_.context, [&](const ChunkRef& row, std::uint64_t offset) {
    services_.context.check();
    const bool full = batch->unread >= kBatchSize || batch->items.size() >= kMostItems;
    // Two tasks do not decode the same frame.
    const bool same_frame = !batch->items.empty() && batch->items.back().row.at.frame == row.at.frame;
    if (full && !same_frame) start(std::exchange(batch, std::make_unique<Batch>()), out);
    batch->items.push_back({row, find(row, offset)});
    if (!batch->items.back().stored) batch->unread += row.length;
  });
  start(std::move(batch), out);
  while (!running_.empty()) deliver_oldest(out);
}

void CopyFeed::start(std::unique_ptr<Batch> batch, StreamWriter& out) {
  Batch* const work = batch.get();
  work->task = readers_.submit([this, work] { read(*work); });
  running_.push_back(std::move(batch));
  if (running_.size() > readers_.workers() + 1) deliver_oldest(out);
}

void CopyFeed::read(Batch& batch) {
  services_.context.check();
  batch.bytes.reserve(batch.unread);
  for (const Item& item : batch.items) {
    if (item.stored) continue;
    FramePtr keep;
    const ByteView chunk = bytes_of(item.row, keep);
    batch.bytes.insert(batch.bytes.end(), chunk.begin(), chunk.end());
    batch.ids.push_back(same_ids_ ? item.row.id : services_.state.keys.chunk_id(chunk));
  }
}

ByteView CopyFeed::bytes_of(const ChunkRef& row, FramePtr& keep) {
  try {
    return from_.chunk(row, keep, services_.context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    return alone_.chunk(row, keep, services_.context);
  }
}

void CopyFeed::deliver_oldest(StreamWriter& out) {
  readers_.wait(running_.front()->task);
  const auto batch = std::move(running_.front());
  running_.pop_front();
  ByteView rest = batch->bytes;
  auto id = batch->ids.begin();
  for (const Item& item : batch->items) {
    services_.meter.add_done(item.row.length);
    if (item.stored) {
      out.add_stored(*item.stored);
      continue;
    }
    out.add(*id++, rest.first(item.row.length));
    rest = rest.subspan(item.row.length);
  }
  services_.counters.chunks += batch->items.size();
  services_.counters.bytes_read += batch->unread;
  services_.meter.report();
}

}  // namespace dbsnap
