#include "repo/expected_rows.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace dbsnap {
namespace {

constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();

}  // namespace

std::uint64_t ExpectedRows::mark_of(const ChunkId& id, std::uint64_t length) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, id.data(), sizeof bits);
  return bits ^ (length * 0x9E3779B97F4A7C15ULL);
}

void ExpectedRows::begin(const std::unordered_map<PackId, std::uint32_t, PackIdHash>& places, std::uint32_t first) {
  places_ = &places;
  first_ = first;
  end_ = static_cast<std::uint32_t>(places.size());
  last_place_ = kNowhere;
  last_id_ = {};
  rows_.clear();
  full_at_ = most_rows_;
}

void ExpectedRows::add(const ChunkRef& row) {
  const FrameRef& frame = row.at.frame;
  if (last_place_ == kNowhere || frame.pack != last_id_) {
    const auto found = places_->find(frame.pack);
    last_id_ = frame.pack;
    last_place_ = found == places_->end() ? kNowhere : found->second;
  }
  if (last_place_ < first_ || last_place_ >= end_) return;
  if (rows_.size() >= full_at_) {
    make_room();
    if (last_place_ >= end_) return;
  }
  const Row expected{last_place_, frame.offset, frame.length, row.at.slot, mark_of(row.id, row.length)};
  if (!rows_.empty() && rows_.back() == expected) return;
  rows_.push_back(expected);
}

// Snapshots share most of their rows: those go first. If that is not enough, so do the last packs.
void ExpectedRows::make_room() {
  sort();
  if (rows_.size() > most_rows_ / 2) {
    // A pack that has more rows than fit is gathered whole all the same: there must be an end to the passes.
    end_ = std::max(rows_[most_rows_ / 2].place, first_ + 1);
    std::erase_if(rows_, [&](const Row& row) { return row.place >= end_; });
  }
  full_at_ = std::max(most_rows_, 2 * rows_.size());
}

void ExpectedRows::sort() {
  std::ranges::sort(rows_);
  rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
}

std::uint32_t ExpectedRows::finish() {
  sort();
  return end_;
}

std::span<const ExpectedRows::Row> ExpectedRows::of(std::uint32_t place) const {
  const auto begin = std::lower_bound(rows_.begin(), rows_.end(), place,
                                      [](const Row& row, std::uint32_t wanted) { return row.place < wanted; });
  const auto end = std::upper_bound(begin, rows_.end(), place,
                                    [](std::uint32_t wanted, const Row& row) { return wanted < row.place; });
  return {begin, end};
}

}  // namespace dbsnap
