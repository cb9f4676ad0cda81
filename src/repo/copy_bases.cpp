#include "repo/copy_bases.hpp"

namespace dbsnap {
namespace {

// Frames that are read or made at one time replace fewer. 8 MiB of memory.
constexpr std::size_t kMostPairs = 16 * 1024;

std::optional<ChunkRef> look_up(const std::map<SlotRef, ChunkRef>& chunks, const SlotRef& at) {
  const auto found = chunks.find(at);
  return found == chunks.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

void CopyBases::note(const ChunkPair& pair) {
  const std::scoped_lock lock(mutex_);
  if (!to_by_from_.try_emplace(pair.from.at, pair.to).second) return;
  from_by_to_.try_emplace(pair.to.at, pair.from);
  order_.push_back(pair);
  if (order_.size() <= kMostPairs) return;
  to_by_from_.erase(order_.front().from.at);
  from_by_to_.erase(order_.front().to.at);
  order_.pop_front();
}

std::optional<ChunkRef> CopyBases::in_target(const SlotRef& from) const {
  const std::scoped_lock lock(mutex_);
  return look_up(to_by_from_, from);
}

std::optional<ChunkRef> CopyBases::in_source(const SlotRef& to) const {
  const std::scoped_lock lock(mutex_);
  return look_up(from_by_to_, to);
}

}  // namespace dbsnap
