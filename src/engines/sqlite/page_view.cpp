#include "engines/sqlite/page_view.hpp"

#include <algorithm>

#include "dbsnap/error.hpp"
#include "engines/sqlite/database_header.hpp"
#include "engines/sqlite/wal_file.hpp"

namespace dbsnap::sqlite {

void PageView::read(std::uint32_t first, MutableByteView out) {
  std::uint32_t page = first;
  while (!out.empty()) {
    if (read_from_log(page, out.first(page_size_))) {
      ++page;
      out = out.subspan(page_size_);
      continue;
    }
    const std::uint32_t run_end = log_ ? log_->frames.next_page(page) : page_count_ + 1;
    const std::size_t pages = std::min<std::size_t>(run_end - page, out.size() / page_size_);
    read_from_database(page, out.first(pages * page_size_));
    page += static_cast<std::uint32_t>(pages);
    out = out.subspan(pages * page_size_);
  }
}

bool PageView::read_from_log(std::uint32_t page, MutableByteView out) {
  if (!log_) return false;
  const std::uint32_t frame = log_->frames.frame_of(page);
  if (frame == 0) return false;
  const bool found = read_frame(*log_->file, frame, page, log_->salts, out, scratch_);
  if (log_->index && !log_->index->still_has(log_->salts)) {
    log_.reset();
    return false;
  }
  if (!found) {
    throw Error(ErrorCode::damaged, "the write-ahead log of " + path_ + " does not hold page " + std::to_string(page) +
                                        " in frame " + std::to_string(frame))
        .hint("sqlite3 '" + path_ + "' 'PRAGMA integrity_check'")
        .with("path", path_);
  }
  return true;
}

void PageView::read_from_database(std::uint32_t first, MutableByteView out) {
  const std::uint64_t offset = (std::uint64_t{first} - 1) * page_size_;
  std::size_t done = database_->read_at(out, offset);
  if (done == out.size()) return;
  // The lock page is never written, so the file may end right before it.
  const std::uint32_t missing = first + static_cast<std::uint32_t>(done / page_size_);
  const bool last = done / page_size_ + 1 == out.size() / page_size_;
  if (missing == lock_page(page_size_) && done % page_size_ == 0 && last) {
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(done), out.end(), std::byte{0});
    return;
  }
  throw Error(ErrorCode::damaged, path_ + " is truncated: page " + std::to_string(missing) + " of " +
                                      std::to_string(page_count_) + " is missing")
      .hint("sqlite3 '" + path_ + "' 'PRAGMA integrity_check'")
      .with("path", path_);
}

}  // namespace dbsnap::sqlite
