// SQLite's write-ahead log, as it is and with its checksums put right, since no fuzzer guesses them.
#include "engines/sqlite/wal_file.hpp"
#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kFrameHeaderSize = 24;
constexpr std::size_t kPageSize = 512;
constexpr std::size_t kFrameSize = kFrameHeaderSize + kPageSize;

class MemoryReader final : public sqlite::RandomReader {
 public:
  explicit MemoryReader(ByteView bytes) : bytes_(bytes) {}
  std::size_t read_at(MutableByteView out, std::uint64_t offset) override {
    if (offset >= bytes_.size()) return 0;
    const ByteView piece = bytes_.subspan(offset, std::min<std::uint64_t>(out.size(), bytes_.size() - offset));
    std::ranges::copy(piece, out.begin());
    return piece.size();
  }
  [[nodiscard]] std::uint64_t size() override { return bytes_.size(); }

 private:
  ByteView bytes_;
};

/// SQLite's running checksum over big-endian words.
struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void update(ByteView bytes) {
    for (Input in(bytes); !in.rest().empty();) {
      first += static_cast<std::uint32_t>(in.number(4)) + second;
      second += static_cast<std::uint32_t>(in.number(4)) + first;
    }
  }
  void write_to(MutableByteView out) const {
    for (std::size_t i = 0; i < 4; ++i) {
      out[i] = static_cast<std::byte>(first >> (24 - 8 * i));
      out[4 + i] = static_cast<std::byte>(second >> (24 - 8 * i));
    }
  }
};

/// `input` as a log of 512-byte pages whose magic, salts and checksums are right.
Bytes with_checksums(ByteView input) {
  static constexpr std::uint8_t kStart[] = {0x37, 0x7f, 0x06, 0x83, 0x00, 0x2d, 0xe2, 0x18, 0, 0, 2, 0};
  Bytes log(input.begin(), input.end());
  std::ranges::copy(std::as_bytes(std::span(kStart)), log.begin());
  const MutableByteView all(log);
  Checksum checksum;
  checksum.update(all.first(24));
  checksum.write_to(all.subspan(24, 8));
  for (std::size_t at = kHeaderSize; at + kFrameSize <= log.size(); at += kFrameSize) {
    const MutableByteView frame = all.subspan(at, kFrameSize);
    std::ranges::copy(all.subspan(16, 8), frame.begin() + 8);
    checksum.update(frame.first(8));
    checksum.update(frame.subspan(kFrameHeaderSize));
    checksum.write_to(frame.subspan(16, 8));
  }
  return log;
}

bool scans(ByteView log) {
  MemoryReader file(log);
  const auto scan = sqlite::scan_wal(file, Context());
  if (!scan) return false;
  require(scan->max_frame <= log.size() / kFrameSize, "no more frames than the file has room for");
  Bytes page(scan->page_size), scratch;
  for (std::uint64_t next = scan->frames.next_page(0); next < 0xffffffff;
       next = scan->frames.next_page(static_cast<std::uint32_t>(next) + 1)) {
    const auto number = static_cast<std::uint32_t>(next);
    const std::uint32_t frame = scan->frames.frame_of(number);
    require(frame > 0 && frame <= scan->max_frame, "a page is in a frame of the last commit");
    require(sqlite::read_frame(file, frame, number, scan->salts, page, scratch), "a frame of the map can be read");
  }
  return scan->max_frame > 0;
}

}  // namespace

bool sqlite_wal(ByteView input) {
  const bool whole = scans(input);
  return (input.size() >= kHeaderSize && scans(with_checksums(input))) || whole;
}

}  // namespace dbsnap::fuzz
