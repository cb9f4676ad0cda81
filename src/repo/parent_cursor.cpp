#include "repo/parent_cursor.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <unordered_map>
#include <utility>

#include "repo/table_reader.hpp"

namespace dbsnap {
namespace {

class EmptyCursor final : public ParentCursor {
 public:
  std::optional<ChunkRef> match(const ChunkId&, std::uint64_t, std::uint32_t, const Context&) override {
    return std::nullopt;
  }
  std::vector<ChunkRef> replaced_by(std::uint64_t, bool) override { return {}; }
};

class OffsetCursor final : public ParentCursor {
 public:
  OffsetCursor(FrameStore& frames, const ManifestEntry& entry, unsigned level) : table_(frames, entry, level) {}

  std::optional<ChunkRef> match(const ChunkId& id, std::uint64_t offset, std::uint32_t length,
                                const Context& context) override {
    while (!passed_all_ && row_end_ <= offset) advance(context);
    const bool beside = !passed_all_ && row_start_ == offset;
    if (beside && row_.id == id && row_.length == length) return row_;
    if (beside) replaced_.push_back(row_);
    return std::nullopt;
  }

  std::vector<ChunkRef> replaced_by(std::uint64_t, bool) override { return std::exchange(replaced_, {}); }

 private:
  void advance(const Context& context) {
    const auto row = table_.next(context);
    passed_all_ = !row;
    if (!row) return;
    row_ = *row;
    row_start_ = row_end_;
    row_end_ += row_.length;
  }

  TableReader table_;
  ChunkRef row_;
  std::uint64_t row_start_ = 0;
  std::uint64_t row_end_ = 0;
  bool passed_all_ = false;
  std::vector<ChunkRef> replaced_;  // beside new chunks since the last replaced_by()
};

class ContentCursor final : public ParentCursor {
 public:
  ContentCursor(FrameStore& frames, const ManifestEntry& entry, unsigned level) : table_(frames, entry, level) {}

  std::optional<ChunkRef> match(const ChunkId& id, std::uint64_t, std::uint32_t length,
                                const Context& context) override {
    fill(context);
    const auto found = find(id, length);
    if (!found) return std::nullopt;
    const ChunkRef row = row_at(*found);
    run_start_ = std::max(next_, taken_until_);
    taken_until_ = 0;
    match_ = *found;
    next_ = *found + 1;
    return row;
  }

  // Rows from the last match on: up to the next one when the run has ended, else as far as the
  // run's bytes reach and one row more, since an insertion pushes the old bytes towards the end.
  std::vector<ChunkRef> replaced_by(std::uint64_t bytes, bool run_ended) override {
    std::vector<ChunkRef> rows;
    if (run_ended) {
      for (std::uint64_t i = run_start_; i < match_; ++i) rows.push_back(row_at(i));
      return around(rows, bytes);
    }
    std::uint64_t reach = 0;
    std::uint64_t i = std::max(next_, taken_until_);
    while (i < end() && reach < bytes) {
      reach += row_at(i).length;
      rows.push_back(row_at(i++));
    }
    taken_until_ = i;
    if (i < end()) rows.push_back(row_at(i));
    return rows;
  }

 private:
  // 128 Ki rows are 8 GiB of a stream in chunks of 64 KiB, and 8 MiB of memory.
  static constexpr std::size_t kAhead = 128 * 1024;
  static constexpr std::size_t kBehind = 4 * 1024;

  static std::uint64_t hash_of(const ChunkId& id) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, id.data(), sizeof bits);
    return bits;
  }

  [[nodiscard]] std::uint64_t end() const { return first_ + rows_.size(); }
  [[nodiscard]] const ChunkRef& row_at(std::uint64_t index) const { return rows_[index - first_]; }

  std::optional<std::uint64_t> find(const ChunkId& id, std::uint32_t length) const {
    const auto fits = [&](std::uint64_t i) { return row_at(i).id == id && row_at(i).length == length; };
    if (next_ < end() && fits(next_)) return next_;
    const auto found = by_id_.find(hash_of(id));
    if (found == by_id_.end() || !fits(found->second)) return std::nullopt;
    return found->second;
  }

  void fill(const Context& context) {
    while (!table_ended_ && end() < next_ + kAhead) {
      const auto row = table_.next(context);
      table_ended_ = !row;
      if (!row) break;
      by_id_.try_emplace(hash_of(row->id), end());
      rows_.push_back(*row);
    }
    while (first_ + kBehind < next_) {
      const auto entry = by_id_.find(hash_of(rows_.front().id));
      if (entry != by_id_.end() && entry->second == first_) by_id_.erase(entry);
      rows_.pop_front();
      ++first_;
    }
  }

  // Where far more was removed than put in its place, what is close to either neighbour is the best guess.
  static std::vector<ChunkRef> around(std::vector<ChunkRef>& rows, std::uint64_t bytes) {
    std::uint64_t reach = 0;
    std::size_t head = 0;
    while (head < rows.size() && reach < bytes) reach += rows[head++].length;
    reach = 0;
    std::size_t tail = rows.size();
    while (tail > head && reach < bytes) reach += rows[--tail].length;
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(head), rows.begin() + static_cast<std::ptrdiff_t>(tail));
    return rows;
  }

  TableReader table_;
  bool table_ended_ = false;
  std::deque<ChunkRef> rows_;
  std::uint64_t first_ = 0;        // index of rows_.front() in the parent's table
  std::uint64_t next_ = 0;         // the row after the last match
  std::uint64_t match_ = 0;        // the last match
  std::uint64_t run_start_ = 0;    // first row between the match before that, and it
  std::uint64_t taken_until_ = 0;  // rows before it have served the run that goes on
  std::unordered_map<std::uint64_t, std::uint64_t> by_id_;
};

class GuardedCursor final : public ParentCursor {
 public:
  GuardedCursor(std::unique_ptr<ParentCursor> inner, const std::set<PackId>& unusable,
                std::function<void(const Error&)> on_lost)
      : inner_(std::move(inner)), unusable_(unusable), on_lost_(std::move(on_lost)) {}

  std::optional<ChunkRef> match(const ChunkId& id, std::uint64_t offset, std::uint32_t length,
                                const Context& context) override {
    if (!inner_) return std::nullopt;
    try {
      auto row = inner_->match(id, offset, length, context);
      if (row && is_unusable(*row)) row.reset();
      return row;
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::damaged) throw;
      inner_.reset();
      on_lost_(failure);
      return std::nullopt;
    }
  }

  std::vector<ChunkRef> replaced_by(std::uint64_t bytes, bool run_ended) override {
    if (!inner_) return {};
    auto rows = inner_->replaced_by(bytes, run_ended);
    std::erase_if(rows, [&](const ChunkRef& row) { return is_unusable(row); });
    return rows;
  }

 private:
  [[nodiscard]] bool is_unusable(const ChunkRef& row) const { return unusable_.contains(row.at.frame.pack); }

  std::unique_ptr<ParentCursor> inner_;  // null once its table could not be read
  const std::set<PackId>& unusable_;
  const std::function<void(const Error&)> on_lost_;
};

}  // namespace

std::unique_ptr<ParentCursor> make_guarded_cursor(std::unique_ptr<ParentCursor> inner, const std::set<PackId>& unusable,
                                                  std::function<void(const Error&)> on_lost) {
  return std::make_unique<GuardedCursor>(std::move(inner), unusable, std::move(on_lost));
}

std::unique_ptr<ParentCursor> make_offset_cursor(FrameStore& frames, const ManifestEntry& entry, unsigned level) {
  return std::make_unique<OffsetCursor>(frames, entry, level);
}

std::unique_ptr<ParentCursor> make_content_cursor(FrameStore& frames, const ManifestEntry& entry, unsigned level) {
  return std::make_unique<ContentCursor>(frames, entry, level);
}

std::unique_ptr<ParentCursor> make_empty_cursor() { return std::make_unique<EmptyCursor>(); }

}  // namespace dbsnap
