// The pages of one committed state: the database file with the log's frames laid over it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dbsnap/bytes.hpp"
#include "engines/sqlite/file_access.hpp"
#include "engines/sqlite/frame_map.hpp"
#include "engines/sqlite/wal_index.hpp"

namespace dbsnap::sqlite {

/// The part of a log that belongs to a view.
struct LogOverlay {
  std::unique_ptr<RandomReader> file;
  FrameMap frames;
  WalSalts salts{};
  /// With it the log may start over while we read. That can only happen when every frame we need is in
  /// the database file already, which then stays as it is: the overlay is dropped.
  std::optional<WalIndex> index;
};

class PageView {
 public:
  PageView(std::string path, std::uint32_t page_size, std::uint32_t page_count, std::unique_ptr<RandomReader> database,
           std::optional<LogOverlay> log)
      : path_(std::move(path)),
        page_size_(page_size),
        page_count_(page_count),
        database_(std::move(database)),
        log_(std::move(log)) {}

  [[nodiscard]] std::uint32_t page_size() const noexcept { return page_size_; }
  [[nodiscard]] std::uint32_t page_count() const noexcept { return page_count_; }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return std::uint64_t{page_size_} * page_count_; }
  [[nodiscard]] std::size_t pages_in_log() const noexcept { return log_ ? log_->frames.size() : 0; }

  /// Fills `out`, a whole number of pages, from page `first` (counted from 1) on. Throws Error{damaged}
  /// when a page is neither in the log nor in the file.
  void read(std::uint32_t first, MutableByteView out);

 private:
  bool read_from_log(std::uint32_t page, MutableByteView out);
  void read_from_database(std::uint32_t first, MutableByteView out);

  std::string path_;
  std::uint32_t page_size_;
  std::uint32_t page_count_;
  std::unique_ptr<RandomReader> database_;
  std::optional<LogOverlay> log_;
  Bytes scratch_;
};

}  // namespace dbsnap::sqlite
