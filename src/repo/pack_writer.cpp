#include "repo/pack_writer.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

// How often a pack gets another name because nobody knows what became of the last put.
constexpr unsigned kNames = 4;

std::size_t packs_at_once(const RepositoryState& state) {
  const std::uint64_t by_memory = PackWriter::kPackMemory / std::max<std::uint64_t>(state.config.pack_size, 1);
  const std::uint64_t by_store = state.sink->capabilities().parallel;
  return static_cast<std::size_t>(std::max<std::uint64_t>(std::min(by_memory, by_store), 1));
}

// The store may have carried the put out, or may yet do so.
bool is_unknown(const Error& failure) {
  return failure.retryable() && !failure.had_no_effect() && failure.code() != ErrorCode::deadline_exceeded;
}

}  // namespace

PackWriter::PackWriter(const RepositoryState& state, const SessionId& session, ProgressMeter& meter,
                       const Context& context)
    : state_(state), session_(session), meter_(meter), context_(context), most_on_their_way_(packs_at_once(state)) {
  for (std::size_t i = 0; i < most_on_their_way_; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { put_packs(stop); });
  }
}

PackWriter::~PackWriter() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

FrameRef PackWriter::append(const Frame& frame) {
  std::unique_lock lock(mutex_);
  rethrow_failure();
  // One frame is the slack that the reservation leaves for directory and trailer.
  // Others that waited too may have filled the next pack meanwhile.
  while (filling_ && filling_->builder.size() + frame.body.bytes.size() > state_.config.pack_size) hand_over(lock);
  if (!filling_) {
    const std::size_t expected = std::size_t{state_.config.pack_size} + state_.config.frame_size;
    filling_.emplace(FullPack{PackBuilder(state_.keys, PackId{session_, packs_started_++}, expected), {}});
  }
  for (const SlotRef& base : frame.prelude.bases) filling_->bases.insert(base.frame.pack);
  return filling_->builder.append(frame);
}

void PackWriter::flush() {
  std::unique_lock lock(mutex_);
  rethrow_failure();
  if (filling_) hand_over(lock);
  changed_.wait(lock, [&] { return failure_ || on_their_way_ == 0; });
  rethrow_failure();
}

KnownPacks PackWriter::written() const {
  const std::scoped_lock lock(mutex_);
  return written_;
}

MovedPacks PackWriter::moved() const {
  const std::scoped_lock lock(mutex_);
  return moved_;
}

// Moves the filling pack to the threads that put, once one of them is free.
void PackWriter::hand_over(std::unique_lock<std::mutex>& lock) {
  const std::uint32_t number = filling_->builder.id().number;
  const auto is_handed_over = [&] { return !filling_ || filling_->builder.id().number != number; };
  changed_.wait(lock, [&] { return failure_ || on_their_way_ < most_on_their_way_ || is_handed_over(); });
  rethrow_failure();
  // Another thread may have done it, and begun the next, while this one waited.
  if (is_handed_over()) return;
  waiting_.push_back(*std::exchange(filling_, std::nullopt));
  ++on_their_way_;
  changed_.notify_all();
}

void PackWriter::put_packs(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto has_work = [&] { return !waiting_.empty() && !failure_; };
  // What waits when the run is given up stays unsent.
  while (changed_.wait(lock, stop, has_work) && !stop.stop_requested()) {
    FullPack pack = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    std::exception_ptr failure;
    try {
      put(std::move(pack));
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    --on_their_way_;
    if (failure && !failure_) failure_ = failure;
    changed_.notify_all();
  }
}

void PackWriter::put(FullPack pack) {
  PackBuilder::Finished finished = std::move(pack.builder).finish();
  const PackId promised = finished.id;
  finished = put_under_some_name(std::move(finished));
  const std::uint64_t size = finished.bytes.size();
  {
    const std::scoped_lock lock(mutex_);
    written_.emplace(finished.id, WrittenPack{pack_key(finished.id), size, finished.sha256, finished.object_sha256,
                                              std::move(pack.bases)});
    if (finished.id != promised) moved_.emplace(promised, finished.id);
  }
  if (state_.cache) state_.cache->keep_pack(finished.id, finished.bytes, context_);
  meter_.add_stored(size);
  meter_.report();
}

// A name is used for one put only (docs/concurrency.md, W4): when nobody knows what became of it, and the pack is not
// there, the frames go out under another one.
PackBuilder::Finished PackWriter::put_under_some_name(PackBuilder::Finished pack) {
  for (unsigned names = 1;; ++names) {
    const std::string key = pack_key(pack.id);
    try {
      if (state_.put_once(key, pack.bytes, context_) == PutResult::stored) return pack;
      throw Error(ErrorCode::internal, "the new pack " + key + " exists already").with("object", key);
    } catch (const Error& failure) {
      if (!is_unknown(failure)) throw;
      if (has_arrived(key, pack.bytes.size())) return pack;
      if (names == kNames) throw;
    }
    pack = sealed_again(pack, new_name(), state_.keys);
  }
}

bool PackWriter::has_arrived(const std::string& key, std::uint64_t size) const {
  const auto found = state_.sink->stat(key, context_);
  return found && found->size == size;
}

PackId PackWriter::new_name() {
  const std::scoped_lock lock(mutex_);
  return {session_, packs_started_++};
}

void PackWriter::rethrow_failure() const {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace dbsnap
