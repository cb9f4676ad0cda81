#include "engines/postgres/row_counts.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "dbsnap/error.hpp"
#include "engines/postgres/entry_names.hpp"

namespace dbsnap::postgres {
namespace {

// A table's name may hold any sign but this one, a line break too.
constexpr char kEnd = '\0';

class RowCountReader final : public EntryReader {
 public:
  explicit RowCountReader(std::shared_ptr<RowTally> tally) : tally_(std::move(tally)) {}

  std::size_t read(MutableByteView out, const Context& context) override {
    context.check();
    if (!std::exchange(made_, true)) {
      for (const auto& [entry, rows] : tally_->await(context)) text_ += std::to_string(rows) + "\t" + entry + kEnd;
    }
    const std::size_t count = std::min(out.size(), text_.size() - at_);
    std::ranges::copy(std::as_bytes(std::span(text_.data() + at_, count)), out.begin());
    at_ += count;
    return count;
  }

 private:
  std::shared_ptr<RowTally> tally_;
  std::string text_;
  std::size_t at_ = 0;
  bool made_ = false;
};

class TextCollector final : public EntryWriter {
 public:
  void write(std::uint64_t /*offset*/, ByteView bytes) override {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  std::string text;
};

}  // namespace

void RowTally::add(const std::string& entry, std::uint64_t rows) {
  const std::scoped_lock lock(mutex_);
  counts_[entry] = rows;
  changed_.notify_all();
}

void RowTally::give_up() {
  const std::scoped_lock lock(mutex_);
  given_up_ = true;
  changed_.notify_all();
}

RowCounts RowTally::await(const Context& context) {
  std::unique_lock lock(mutex_);
  while (counts_.size() < expected_) {
    context.check();
    if (given_up_) throw Error(ErrorCode::internal, "the rows of a table were not read to their end");
    changed_.wait_for(lock, std::chrono::milliseconds(100));
  }
  return counts_;
}

std::unique_ptr<EntryReader> make_row_count_reader(std::shared_ptr<RowTally> tally) {
  return std::make_unique<RowCountReader>(std::move(tally));
}

RowCounts read_row_counts(SnapshotReader& reader, const Context& context) {
  RowCounts counts;
  const auto& entries = reader.manifest().entries;
  if (std::ranges::find(entries, kRowCounts, &ManifestEntry::name) == entries.end()) return counts;
  TextCollector collector;
  reader.copy_entry(kRowCounts, collector, context);
  std::string_view text = collector.text;
  while (!text.empty()) {
    const std::size_t end = text.find(kEnd);
    const std::size_t tab = text.find('\t');
    std::uint64_t rows = 0;
    const char* const first = text.data();
    const bool whole = tab < end && end != std::string_view::npos;
    if (!whole || std::from_chars(first, first + tab, rows).ptr != first + tab) {
      throw Error(ErrorCode::damaged, "entry " + std::string(kRowCounts) + " holds a line that is none of its own");
    }
    counts.emplace(text.substr(tab + 1, end - tab - 1), rows);
    text.remove_prefix(end + 1);
  }
  return counts;
}

}  // namespace dbsnap::postgres
