#include "repo/copy_pairs.hpp"

#include <cstring>
#include <utility>

#include "repo/table_reader.hpp"

namespace dbsnap {
namespace {

// Pairs that are looked at ahead of the last one found, and remembered behind it: 32 Ki are 2 GiB of a stream in
// chunks of 64 KiB, and 6 MiB of memory.
constexpr std::size_t kAhead = 32 * 1024;
constexpr std::size_t kBehind = 1024;

bool fits(const ChunkPair& pair, const ChunkRef& row) {
  return pair.from.id == row.id && pair.from.length == row.length;
}

/// Pages stay where they are.
class OffsetMatcher final : public CopyMatcher {
 public:
  OffsetMatcher(PairSource pairs, const MatcherListener& listener) : pairs_(std::move(pairs)), listener_(listener) {}

  std::optional<ChunkRef> find(const ChunkRef& row, std::uint64_t offset, const Context& context) override {
    while (!ended_ && end_ <= offset) advance(context);
    if (ended_ || start_ != offset) return std::nullopt;
    if (fits(pair_, row)) return pair_.to;
    listener_.replaced(pair_);
    return std::nullopt;
  }

 private:
  void advance(const Context& context) {
    const auto pair = pairs_(context);
    ended_ = !pair;
    if (!pair) return;
    pair_ = *pair;
    start_ = end_;
    end_ += pair_.from.length;
  }

  PairSource pairs_;
  const MatcherListener& listener_;
  ChunkPair pair_;
  std::uint64_t start_ = 0;
  std::uint64_t end_ = 0;
  bool ended_ = false;
};

/// In a stream everything behind an insertion has moved.
class WindowMatcher final : public CopyMatcher {
 public:
  WindowMatcher(PairSource pairs, const MatcherListener& listener) : pairs_(std::move(pairs)), listener_(listener) {}

  std::optional<ChunkRef> find(const ChunkRef& row, std::uint64_t, const Context& context) override {
    fill(context);
    const auto found = place_of(row);
    if (!found) {
      tell_replaced(row.length);
      return std::nullopt;
    }
    run_reach_ = told_reach_ = 0;
    next_ = told_ = *found + 1;
    return at(*found).to;
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> place_of(const ChunkRef& row) const {
    if (next_ < end() && fits(at(next_), row)) return next_;
    const auto found = by_id_.find(mark_of(row.id));
    if (found == by_id_.end() || !fits(at(found->second), row)) return std::nullopt;
    return found->second;
  }

  // As far as the new bytes reach since the last chunk that was found, and one chunk more, since an insertion pushes
  // the old bytes towards the end.
  void tell_replaced(std::uint64_t length) {
    run_reach_ += length;
    for (; told_ < end() && told_reach_ < run_reach_; ++told_) {
      told_reach_ += at(told_).from.length;
      listener_.replaced(at(told_));
    }
    if (told_ < end()) listener_.replaced(at(told_));
  }

  static std::uint64_t mark_of(const ChunkId& id) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, id.data(), sizeof bits);
    return bits;
  }

  [[nodiscard]] std::uint64_t end() const { return first_ + window_.size(); }
  [[nodiscard]] const ChunkPair& at(std::uint64_t index) const { return window_[index - first_]; }

  void fill(const Context& context) {
    while (!ended_ && end() < next_ + kAhead) {
      const auto pair = pairs_(context);
      ended_ = !pair;
      if (!pair) break;
      by_id_.try_emplace(mark_of(pair->from.id), end());
      window_.push_back(*pair);
    }
    while (first_ + kBehind < next_) {
      const auto entry = by_id_.find(mark_of(window_.front().from.id));
      if (entry != by_id_.end() && entry->second == first_) by_id_.erase(entry);
      window_.pop_front();
      ++first_;
    }
  }

  PairSource pairs_;
  const MatcherListener& listener_;
  bool ended_ = false;
  std::uint64_t run_reach_ = 0;   // bytes of chunks that were not found since the last one that was
  std::uint64_t told_ = 0;        // pairs from next_ up to here were told as replaced
  std::uint64_t told_reach_ = 0;  // bytes of these
  std::deque<ChunkPair> window_;
  std::uint64_t first_ = 0;  // index of window_.front() among all pairs
  std::uint64_t next_ = 0;   // the pair after the last one found
  std::unordered_map<std::uint64_t, std::uint64_t> by_id_;
};

class GuardedMatcher final : public CopyMatcher {
 public:
  GuardedMatcher(EntryKind kind, PairSource pairs, const std::set<PackId>& unusable, MatcherListener listener)
      : unusable_(unusable), listener_(std::move(listener)) {
    if (kind == EntryKind::page_file) {
      inner_ = std::make_unique<OffsetMatcher>(std::move(pairs), listener_);
    } else {
      inner_ = std::make_unique<WindowMatcher>(std::move(pairs), listener_);
    }
  }

  std::optional<ChunkRef> find(const ChunkRef& row, std::uint64_t offset, const Context& context) override {
    if (!inner_) return std::nullopt;
    try {
      auto found = inner_->find(row, offset, context);
      if (found && unusable_.contains(found->at.frame.pack)) found.reset();
      return found;
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::damaged) throw;
      inner_.reset();
      listener_.lost(failure);
      return std::nullopt;
    }
  }

 private:
  const std::set<PackId>& unusable_;
  const MatcherListener listener_;
  std::unique_ptr<CopyMatcher> inner_;  // null once a table could not be read
};

}  // namespace

PairSource pairs_of_tables(FrameStore& from_frames, const ManifestEntry& from, FrameStore& to_frames,
                           const ManifestEntry& to) {
  const auto from_table = std::make_shared<TableReader>(from_frames, from);
  const auto to_table = std::make_shared<TableReader>(to_frames, to);
  return [=](const Context& context) -> std::optional<ChunkPair> {
    const auto left = from_table->next(context);
    const auto right = to_table->next(context);
    if (!left || !right || left->length != right->length) return std::nullopt;
    return ChunkPair{*left, *right};
  };
}

PairSource pairs_of_table(FrameStore& frames, const ManifestEntry& entry) {
  const auto table = std::make_shared<TableReader>(frames, entry);
  return [=](const Context& context) -> std::optional<ChunkPair> {
    const auto row = table->next(context);
    return row ? std::optional(ChunkPair{*row, *row}) : std::nullopt;
  };
}

std::unique_ptr<CopyMatcher> make_copy_matcher(EntryKind kind, PairSource pairs, const std::set<PackId>& unusable,
                                               MatcherListener listener) {
  return std::make_unique<GuardedMatcher>(kind, std::move(pairs), unusable, std::move(listener));
}

}  // namespace dbsnap
