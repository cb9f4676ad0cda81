#include "repo/pack_writer.hpp"
#include "dbsnap/error.hpp"

#include <utility>

namespace dbsnap {

PackWriter::PackWriter(const RepositoryState& state, const SessionId& session, ProgressMeter& meter,
                       const Context& context)
    : state_(state), session_(session), meter_(meter), context_(context), thread_([this](const std::stop_token& stop) {
        put_packs(stop);
      }) {}

PackWriter::~PackWriter() = default;

FrameRef PackWriter::append(const Frame& frame) {
  std::unique_lock lock(mutex_);
  rethrow_failure();
  // One frame is the slack that the reservation leaves for directory and trailer.
  if (filling_ && filling_->builder.size() + frame.body.bytes.size() > state_.config.pack_size) hand_over(lock);
  if (!filling_) {
    const std::size_t expected = std::size_t{state_.config.pack_size} + state_.config.frame_size;
    filling_.emplace(FullPack{PackBuilder(state_.keys, PackId{session_, packs_started_++}, expected), {}});
  }
  for (const SlotRef& base : frame.prelude.bases) filling_->bases.insert(base.frame.pack);
  return filling_->builder.append(frame);
}

std::map<PackId, WrittenPack> PackWriter::finish() {
  std::unique_lock lock(mutex_);
  rethrow_failure();
  if (filling_) hand_over(lock);
  changed_.wait(lock, [&] { return failure_ || (!waiting_ && !putting_); });
  rethrow_failure();
  return std::move(written_);
}

// Moves the filling pack to the thread that puts, once that is free.
void PackWriter::hand_over(std::unique_lock<std::mutex>& lock) {
  const std::uint32_t number = filling_->builder.id().number;
  changed_.wait(lock, [&] { return failure_ || (!waiting_ && !putting_) || !filling_; });
  rethrow_failure();
  // Another thread may have handed it over, and begun the next, while this one waited.
  if (!filling_ || filling_->builder.id().number != number) return;
  waiting_ = std::move(filling_);
  filling_.reset();
  changed_.notify_all();
}

void PackWriter::put_packs(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return waiting_.has_value(); })) {
    FullPack pack = *std::exchange(waiting_, std::nullopt);
    putting_ = true;
    const PackId id = pack.builder.id();
    lock.unlock();
    WrittenPack written;
    std::exception_ptr failure;
    try {
      written = put(std::move(pack));
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    putting_ = false;
    if (failure) {
      failure_ = failure;
    } else {
      written_.emplace(id, std::move(written));
    }
    changed_.notify_all();
    if (failure) return;
  }
}

WrittenPack PackWriter::put(FullPack pack) {
  PackBuilder::Finished finished = std::move(pack.builder).finish();
  WrittenPack written{pack_key(finished.id), finished.bytes.size(), finished.sha256, std::move(pack.bases)};
  if (state_.sink->put(written.key, finished.bytes, {.if_absent = true}, context_) != PutResult::stored) {
    throw Error(ErrorCode::internal, "the new pack " + written.key + " exists already").with("object", written.key);
  }
  meter_.add_stored(written.size);
  meter_.report();
  return written;
}

void PackWriter::rethrow_failure() const {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace dbsnap
