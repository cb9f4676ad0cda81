#include "repo/frame_check.hpp"
#include "dbsnap/error.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace dbsnap {
namespace {

constexpr std::size_t kFrameCache = 28U << 20;

std::uint64_t mark_of(const ChunkId& id) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, id.data(), sizeof bits);
  return bits | 1;  // zero means that the slot has not been checked
}

}  // namespace

FrameCheck::FrameCheck(const RepositoryState& state, unsigned threads, const Context& context,
                       std::function<void(std::uint64_t bytes)> on_checked)
    : context_(context),
      on_checked_(std::move(on_checked)),
      frames_(state, codecs_, kFrameCache),
      pool_(thread_count(threads) - 1) {}

FrameCheck::~FrameCheck() {
  for (const TaskHandle& task : running_) {
    try {
      pool_.wait(task);
    } catch (...) {
      // The failure that is being thrown already is the one to report.
    }
  }
}

void FrameCheck::add(const ChunkRef& row) {
  if (!gathering_.empty() && gathering_.back().at.frame != row.at.frame) start();
  {
    const std::scoped_lock lock(mutex_);
    Outcome& outcome = outcomes_[row.at.frame];
    if (outcome.fault) return;
    if (outcome.checked.size() <= row.at.slot) outcome.checked.resize(row.at.slot + std::size_t{1});
    std::uint64_t& mark = outcome.checked[row.at.slot];
    if (mark == mark_of(row.id)) return;
    mark = mark_of(row.id);
  }
  gathering_.push_back(row);
}

void FrameCheck::start() {
  if (gathering_.empty()) return;
  running_.push_back(pool_.submit([this, rows = std::exchange(gathering_, {})] { check(rows); }));
  while (running_.size() > pool_.workers() + 2) {
    pool_.wait(running_.front());
    running_.pop_front();
  }
}

void FrameCheck::settle() {
  start();
  while (!running_.empty()) {
    pool_.wait(running_.front());
    running_.pop_front();
  }
}

void FrameCheck::check(const std::vector<ChunkRef>& rows) {
  context_.check();
  std::uint64_t bytes = 0;
  try {
    for (const ChunkRef& row : rows) {
      FramePtr keep;
      bytes += frames_.chunk(row, keep, context_).size();
    }
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    const std::scoped_lock lock(mutex_);
    outcomes_[rows.front().at.frame].fault =
        failure.why().empty() ? failure.message() : failure.message() + ": " + failure.why();
  }
  {
    const std::scoped_lock lock(mutex_);
    bytes_ += bytes;
  }
  on_checked_(bytes);
}

std::optional<std::string> FrameCheck::fault_of(const FrameRef& frame) const {
  const std::scoped_lock lock(mutex_);
  const auto found = outcomes_.find(frame);
  return found == outcomes_.end() ? std::nullopt : found->second.fault;
}

std::uint64_t FrameCheck::frames_checked() const {
  const std::scoped_lock lock(mutex_);
  return outcomes_.size();
}

std::uint64_t FrameCheck::bytes_checked() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

}  // namespace dbsnap
