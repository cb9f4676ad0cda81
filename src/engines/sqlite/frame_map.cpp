#include "engines/sqlite/frame_map.hpp"

#include <algorithm>
#include <limits>

namespace dbsnap::sqlite {
namespace {

std::uint32_t page_of(std::uint64_t entry) noexcept { return static_cast<std::uint32_t>(entry >> 32); }

}  // namespace

void FrameMap::add(std::uint32_t page, std::uint32_t frame) {
  // Pages that are written again and again must not make the map grow with the log.
  if (entries_.size() >= compact_at_) {
    compact();
    compact_at_ = std::max(compact_at_, entries_.size() * 2);
  }
  entries_.push_back((std::uint64_t{page} << 32) | frame);
}

void FrameMap::seal() {
  compact();
  entries_.shrink_to_fit();
}

void FrameMap::compact() {
  std::sort(entries_.begin(), entries_.end());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const bool newest = i + 1 == entries_.size() || page_of(entries_[i + 1]) != page_of(entries_[i]);
    if (newest) entries_[kept++] = entries_[i];
  }
  entries_.resize(kept);
}

std::vector<std::uint64_t>::const_iterator FrameMap::find(std::uint32_t page) const noexcept {
  return std::lower_bound(entries_.begin(), entries_.end(), std::uint64_t{page} << 32);
}

std::uint32_t FrameMap::frame_of(std::uint32_t page) const noexcept {
  const auto entry = find(page);
  return entry != entries_.end() && page_of(*entry) == page ? static_cast<std::uint32_t>(*entry) : 0;
}

std::uint32_t FrameMap::next_page(std::uint32_t page) const noexcept {
  const auto entry = find(page);
  return entry == entries_.end() ? std::numeric_limits<std::uint32_t>::max() : page_of(*entry);
}

}  // namespace dbsnap::sqlite
