#include "repo/verify_packs.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/hex.hpp"
#include "dbsnap/error.hpp"
#include "format/pack.hpp"
#include "repo/verify_findings.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kFrameCache = 28U << 20;

/// The rows of one frame, and the task that checks them.
struct FrameTask {
  std::span<const ExpectedRows::Row> rows;
  std::uint64_t bytes = 0;
  TaskHandle handle;
};

std::vector<FrameTask> by_frame(std::span<const ExpectedRows::Row> rows) {
  std::vector<FrameTask> frames;
  while (!rows.empty()) {
    std::size_t size = 1;
    while (size < rows.size() && rows[size].offset == rows[0].offset && rows[size].length == rows[0].length) ++size;
    frames.push_back({rows.first(size), 0, nullptr});
    rows = rows.subspan(size);
  }
  return frames;
}

}  // namespace

PackInspector::PackInspector(const RepositoryState& state, unsigned threads, const Context& context)
    : state_(state),
      context_(context),
      frames_(state, codecs_, kFrameCache,
              [this](const FrameRef& frame, const Context& inner) { return fetch(frame, inner); }),
      pool_(thread_count(threads) - 1) {}

Bytes PackInspector::fetch(const FrameRef& frame, const Context& context) const {
  if (held_ == nullptr || frame.pack != held_id_) {
    return state_.sink->get(pack_key(frame.pack), {frame.offset, frame.length}, context);
  }
  const std::size_t start = std::min<std::size_t>(frame.offset, held_->size());
  const ByteView bytes = ByteView(*held_).subspan(start);
  const ByteView piece = bytes.first(std::min<std::size_t>(frame.length, bytes.size()));
  return {piece.begin(), piece.end()};
}

void PackInspector::sweep(std::span<const NeededPack> packs, const PackSweep::Done& done) {
  std::vector<SweepItem> items;
  items.reserve(packs.size());
  for (const NeededPack& pack : packs) items.push_back({pack.id, pack.size});
  const auto look = [&](std::size_t place, ByteView bytes) -> std::optional<std::string> {
    try {
      if (check_pack(bytes, packs[place].id) == to_hex(packs[place].sha256)) return std::nullopt;
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::damaged) throw;
    }
    return "the pack's bytes are not those that were written";
  };
  PackSweep(*state_.sink, pool_, context_).run(items, look, done);
}

void PackInspector::read(std::span<const NeededPack> packs, const Done& done) {
  sweep(packs,
        [&](std::size_t place, const Bytes&, const std::optional<std::string>& fault) { done(packs[place], fault); });
}

void PackInspector::decode(std::span<const NeededPack> packs, const ExpectedRows& rows, std::uint32_t first,
                           const Done& done) {
  sweep(packs, [&](std::size_t place, const Bytes& bytes, const std::optional<std::string>& fault) {
    const NeededPack& pack = packs[place];
    done(pack, fault ? fault : decode_pack(pack.id, bytes, rows.of(first + static_cast<std::uint32_t>(place))));
  });
}

std::optional<std::string> PackInspector::decode_pack(const PackId& id, const Bytes& bytes, Rows rows) {
  held_ = &bytes;
  held_id_ = id;
  std::vector<FrameTask> tasks = by_frame(rows);
  for (FrameTask& task : tasks) {
    task.handle = pool_.submit([this, &task, id] { task.bytes = check_frame(id, task.rows); });
  }
  std::optional<std::string> fault;
  std::exception_ptr failure;
  for (const FrameTask& task : tasks) {
    try {
      pool_.wait(task.handle);
      bytes_checked_ += task.bytes;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::damaged) failure = std::current_exception();
      if (error.code() == ErrorCode::damaged && !fault) fault = text_of(error);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  held_ = nullptr;
  if (failure) std::rethrow_exception(failure);
  frames_checked_ += tasks.size();
  return fault;
}

std::uint64_t PackInspector::check_frame(const PackId& id, Rows rows) {
  context_.check();
  const FramePtr frame = frames_.load({id, rows.front().offset, rows.front().length}, context_);
  std::uint64_t bytes = 0;
  for (const ExpectedRows::Row& row : rows) {
    const ByteView chunk = frame->chunk(row.slot);
    if (ExpectedRows::mark_of(state_.keys.chunk_id(chunk), chunk.size()) != row.mark) {
      throw Error(ErrorCode::damaged, "pack " + pack_key(id) + " is damaged at byte " + std::to_string(row.offset))
          .why("a chunk does not have the bytes that its id stands for");
    }
    bytes += chunk.size();
  }
  return bytes;
}

}  // namespace dbsnap
