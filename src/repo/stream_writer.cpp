#include "repo/stream_writer.hpp"

#include <numeric>
#include <utility>

namespace dbsnap {
namespace {

// Rows that a manifest holds itself; longer tables are stored.
constexpr std::size_t kRootRows = 64;
// Rows per table chunk: always as many for page files, whose rows stay in place; for streams about as many, cut where
// a chunk id says so, so that tables line up again behind an insertion.
constexpr std::size_t kTableRows = 1024;
constexpr std::size_t kMinTableRows = 256;
constexpr std::size_t kMaxTableRows = 4096;

// Base bytes per frame, in frame sizes: memory and decoding time of a delta are bounded with them.
constexpr unsigned kBaseFactor = 2;

// Frames in a row for which a base was no help before bases are tried only for one frame in so many.
constexpr unsigned kPatience = 4;
constexpr unsigned kRetryEvery = 8;

std::uint64_t bytes_of(const std::vector<ChunkRef>& rows) {
  return std::accumulate(rows.begin(), rows.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const ChunkRef& row) { return sum + row.length; });
}

std::unique_ptr<ParentCursor> make_cursor(const StoreServices& services, const StreamPlace& place,
                                          const ManifestEntry* parent) {
  if (parent == nullptr) return make_empty_cursor();
  auto cursor = place.kind == EntryKind::page_file ? make_offset_cursor(services.parent_frames, *parent, place.level)
                                                   : make_content_cursor(services.parent_frames, *parent, place.level);
  const auto on_lost = [&findings = services.findings, name = parent->name](const Error& failure) {
    findings.warn(
        "the chunk table of entry " + name +
        " of the previous snapshot cannot be read to its end, so the rest was stored anew: " + failure.message());
  };
  return make_guarded_cursor(std::move(cursor), services.unusable, on_lost);
}

}  // namespace

StreamWriter::StreamWriter(const StoreServices& services, const StreamPlace& place, const ManifestEntry* parent)
    : services_(services), place_(place), parent_(parent), cursor_(make_cursor(services, place, parent)) {}

StreamWriter::~StreamWriter() {
  for (const auto& job : in_flight_) {
    try {
      services_.pool.wait(job->task);
    } catch (...) {
      // The failure that is being thrown already is the one to report; this one follows from it.
    }
  }
}

void StreamWriter::add(const ChunkId& id, ByteView chunk) {
  const auto length = static_cast<std::uint32_t>(chunk.size());
  // Before the cursor moves on: what it says is replaced then belongs to the frame that is full.
  if (filling_ && filling_->plain.size() + length > services_.state.config.frame_size) submit_frame();
  const auto known = cursor_->match(id, offset_, length, services_.context);
  if (known) {
    end_run(true);
    pending_.push_back({*known, nullptr});
  } else if (const auto left = find_left(id, length)) {
    pass_over(length);
    pending_.push_back({*left, nullptr});
  } else {
    add_new(id, chunk);
  }
  step(length);
}

void StreamWriter::add_stored(const ChunkRef& row) {
  if (cursor_->match(row.id, offset_, row.length, services_.context)) {
    end_run(true);
  } else {
    pass_over(row.length);
  }
  pending_.push_back({row, nullptr});
  step(row.length);
}

// What a chunk replaces that is stored elsewhere is no base for the new ones behind it.
void StreamWriter::pass_over(std::uint32_t length) {
  end_run(false);
  (void)cursor_->replaced_by(length, false);
}

void StreamWriter::step(std::uint32_t length) {
  offset_ += length;
  ++chunks_;
  drain(services_.pool.workers() + 1);
}

std::optional<ChunkRef> StreamWriter::find_left(const ChunkId& id, std::uint32_t length) const {
  return services_.leftovers == nullptr ? std::nullopt : services_.leftovers->find(id, length);
}

void StreamWriter::add_new(const ChunkId& id, ByteView chunk) {
  if (!filling_) {
    filling_ = std::make_shared<FrameJob>();
    filling_->plain.reserve(services_.state.config.frame_size);
    filling_->prelude.entry = place_.entry;
    filling_->prelude.table_level = place_.level;
  }
  FrameJob& job = *filling_;
  const auto length = static_cast<std::uint32_t>(chunk.size());
  ChunkRef row{.id = id, .at = {}, .length = length, .depth = 0};
  row.at.slot = static_cast<std::uint16_t>(job.prelude.slots.size());
  job.prelude.slots.push_back({.offset = offset_, .length = length});
  job.ids.push_back(id);
  job.plain.insert(job.plain.end(), chunk.begin(), chunk.end());
  run_bytes_ += length;
  pending_.push_back({row, filling_});
  if (place_.level == 0) {
    ++services_.counters.chunks_new;
    services_.counters.bytes_new += length;
    services_.meter.add_new(length);
  }
}

// The run of new chunks that ends here gets the parent's chunks that it replaces. Which of them a
// chunk stands for is exact in a page file, and a guess by position in a stream; it only decides
// where a chain's root is looked for.
void StreamWriter::end_run(bool by_match) {
  if (!filling_ || run_bytes_ == 0) return;
  std::vector<Slot>& slots = filling_->prelude.slots;
  std::vector<ChunkRef> replaced = cursor_->replaced_by(run_bytes_, by_match);
  const std::uint64_t base_limit = std::uint64_t{kBaseFactor} * services_.state.config.frame_size;
  while (!replaced.empty() && filling_->base_bytes + bytes_of(replaced) > base_limit) replaced.pop_back();
  const std::size_t count = slots.size() - run_first_slot_;
  // Beside the chunk that ended the run there may stand one of the parent that is not part of it.
  if (place_.kind == EntryKind::page_file && replaced.size() > count) replaced.resize(count);
  filling_->base_bytes += bytes_of(replaced);
  for (std::size_t i = 0; i < count && !replaced.empty(); ++i) {
    const std::size_t beside = place_.kind == EntryKind::page_file ? i : i * replaced.size() / count;
    if (beside >= replaced.size()) break;
    slots[run_first_slot_ + i].base = static_cast<std::uint16_t>(filling_->bases.size() + beside);
  }
  filling_->bases.insert(filling_->bases.end(), replaced.begin(), replaced.end());
  run_first_slot_ = slots.size();
  run_bytes_ = 0;
}

void StreamWriter::submit_frame() {
  if (!filling_) return;
  end_run(false);
  run_first_slot_ = 0;
  const auto job = std::exchange(filling_, nullptr);
  ++frames_;
  // After a VACUUM nothing is where it was: then only now and then a base is read, to see whether that is over.
  if (useless_bases_ >= kPatience && frames_ % kRetryEvery != 0) job->bases.clear();
  job->tried_base = !job->bases.empty();
  job->task = services_.pool.submit([job = job.get(), &services = services_] { encode_job(*job, services); });
  in_flight_.push_back(job);
}

// Emits rows whose place is known, and waits until no more than `frames_left` frames are on their way.
void StreamWriter::drain(std::size_t frames_left) {
  while (in_flight_.size() > frames_left || (!in_flight_.empty() && services_.pool.is_done(in_flight_.front()->task))) {
    FrameJob& job = *in_flight_.front();
    services_.pool.wait(job.task);
    job.task = nullptr;
    if (job.tried_base) useless_bases_ = job.depth != 0 ? 0 : useless_bases_ + 1;
    in_flight_.pop_front();
  }
  while (!pending_.empty()) {
    PendingRow& next = pending_.front();
    if (next.job) {
      if (next.job == filling_ || next.job->task) return;
      next.row.at.frame = next.job->place;
      next.row.depth = next.job->depth;
    }
    emit(next.row);
    pending_.pop_front();
  }
}

void StreamWriter::emit(const ChunkRef& row) {
  digest_.add(row);
  packs_.insert(row.at.frame.pack);
  append_row(row, rows_);
  if (table_chunk_ends(row)) cut_table();
}

bool StreamWriter::table_chunk_ends(const ChunkRef& last) const {
  const std::size_t rows = rows_.size() / kRowSize;
  if (place_.kind == EntryKind::page_file) return rows == kTableRows;
  const auto bits = std::to_integer<unsigned>(last.id[0]) | std::to_integer<unsigned>(last.id[1]) << 8;
  return rows == kMaxTableRows || (rows >= kMinTableRows && bits % kTableRows == 0);
}

void StreamWriter::cut_table() {
  if (!table_) {
    StreamPlace above = place_;
    ++above.level;
    table_ = std::make_unique<StreamWriter>(services_, above, parent_);
  }
  const Bytes rows = std::exchange(rows_, {});
  table_->add(services_.state.keys.chunk_id(rows), rows);
}

StreamWriter::Result StreamWriter::finish() {
  submit_frame();
  drain(0);
  Result result;
  if (table_ || rows_.size() > kRootRows * kRowSize) {
    if (!rows_.empty()) cut_table();
    Result table = table_->finish();
    result.table_level = table.table_level + 1;
    result.table_root = std::move(table.table_root);
    result.packs = std::move(table.packs);
  } else {
    result.table_root = std::move(rows_);
  }
  result.packs.merge(packs_);
  result.digest = digest_.finish();
  result.chunks = chunks_;
  result.size = offset_;
  return result;
}

}  // namespace dbsnap
