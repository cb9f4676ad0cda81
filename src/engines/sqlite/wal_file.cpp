#include "engines/sqlite/wal_file.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "engines/sqlite/database_header.hpp"

namespace dbsnap::sqlite {
namespace {

// Layout: https://www.sqlite.org/fileformat2.html, section 4.
constexpr std::uint32_t kMagic = 0x377f0682;  // the lowest bit tells the byte order of the checksums
constexpr std::uint32_t kFormat = 3007000;
constexpr std::size_t kWalHeaderSize = 32;
constexpr std::size_t kFrameHeaderSize = 24;
constexpr std::size_t kChecksummedFrameHeader = 8;

/// The running checksum of a log.
class WalChecksum {
 public:
  explicit WalChecksum(bool big_endian) : swap_(big_endian != (std::endian::native == std::endian::big)) {}

  void update(ByteView bytes) {
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      first_ += word(bytes, i) + second_;
      second_ += word(bytes, i + 4) + first_;
    }
  }
  [[nodiscard]] bool equals(ByteView stored) const {
    return read_be32(stored, 0) == first_ && read_be32(stored, 4) == second_;
  }

 private:
  [[nodiscard]] std::uint32_t word(ByteView bytes, std::size_t offset) const {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return swap_ ? __builtin_bswap32(value) : value;
  }

  bool swap_;
  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
};

std::uint64_t frame_offset(std::uint32_t frame, std::size_t page_size) {
  return kWalHeaderSize + (std::uint64_t{frame} - 1) * (kFrameHeaderSize + page_size);
}

bool is_page_size(std::uint32_t size) { return std::has_single_bit(size) && size >= 512 && size <= 65536; }

}  // namespace

std::optional<WalScan> scan_wal(RandomReader& wal, const Context& context) {
  Bytes header(kWalHeaderSize);
  if (wal.read_at(header, 0) < header.size()) return std::nullopt;
  const std::uint32_t magic = read_be32(header, 0);
  WalScan scan;
  scan.page_size = read_be32(header, 8);
  if ((magic & ~1U) != kMagic || read_be32(header, 4) != kFormat || !is_page_size(scan.page_size)) return std::nullopt;
  std::copy_n(header.begin() + 16, scan.salts.size(), scan.salts.begin());

  WalChecksum checksum((magic & 1U) != 0);
  checksum.update(ByteView(header).first(24));
  if (!checksum.equals(ByteView(header).subspan(24))) return std::nullopt;

  constexpr std::uint32_t kFramesPerCheck = 16;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> uncommitted;
  Bytes frame(kFrameHeaderSize + scan.page_size);
  for (std::uint32_t number = 1;; ++number) {
    if (number % kFramesPerCheck == 0) context.check();
    if (wal.read_at(frame, frame_offset(number, scan.page_size)) < frame.size()) break;
    const ByteView bytes(frame);
    const std::uint32_t page = read_be32(bytes, 0);
    if (page == 0 || !std::equal(scan.salts.begin(), scan.salts.end(), bytes.begin() + 8)) break;
    checksum.update(bytes.first(kChecksummedFrameHeader));
    checksum.update(bytes.subspan(kFrameHeaderSize));
    if (!checksum.equals(bytes.subspan(16))) break;
    uncommitted.emplace_back(page, number);
    const std::uint32_t pages_after_commit = read_be32(bytes, 4);
    if (pages_after_commit == 0) continue;
    for (const auto& [committed_page, committed_frame] : uncommitted) scan.frames.add(committed_page, committed_frame);
    uncommitted.clear();
    scan.max_frame = number;
    scan.page_count = pages_after_commit;
  }
  scan.frames.seal();
  return scan;
}

bool read_frame(RandomReader& wal, std::uint32_t frame, std::uint32_t page, const WalSalts& salts, MutableByteView out,
                Bytes& scratch) {
  scratch.resize(kFrameHeaderSize + out.size());
  if (wal.read_at(scratch, frame_offset(frame, out.size())) < scratch.size()) return false;
  if (read_be32(scratch, 0) != page || !std::equal(salts.begin(), salts.end(), scratch.begin() + 8)) return false;
  std::memcpy(out.data(), scratch.data() + kFrameHeaderSize, out.size());
  return true;
}

}  // namespace dbsnap::sqlite
