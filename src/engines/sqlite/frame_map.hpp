// Which frame of a write-ahead log holds the newest copy of a page: eight bytes per changed page.
#pragma once

#include <cstdint>
#include <vector>

namespace dbsnap::sqlite {

class FrameMap {
 public:
  /// Adds a frame; a later frame of the same page replaces an earlier one.
  void add(std::uint32_t page, std::uint32_t frame);
  /// Must be called once after the last add() and before any look-up.
  void seal();

  /// Frame of `page`, or 0 when it is not in the log.
  [[nodiscard]] std::uint32_t frame_of(std::uint32_t page) const noexcept;
  /// The first page at or after `page` that is in the log, or 0xffffffff.
  [[nodiscard]] std::uint32_t next_page(std::uint32_t page) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  void compact();
  [[nodiscard]] std::vector<std::uint64_t>::const_iterator find(std::uint32_t page) const noexcept;

  std::vector<std::uint64_t> entries_;  // page in the upper half, frame in the lower; sorted once sealed
  std::size_t compact_at_ = std::size_t{1} << 18;
};

}  // namespace dbsnap::sqlite
