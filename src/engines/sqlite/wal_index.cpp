#include "engines/sqlite/wal_index.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "dbsnap/error.hpp"
#include "engines/sqlite/database_header.hpp"
#include "engines/sqlite/sqlite_error.hpp"

namespace dbsnap::sqlite {
namespace {

// Layout: https://www.sqlite.org/walformat.html, section 2. All numbers are in the machine's byte order.
constexpr std::uint32_t kFormat = 3007000;
constexpr int kRegionSize = 32768;
constexpr std::size_t kHeaderWords = 12;                   // two equal copies, one after the other
constexpr std::size_t kBackfilledWord = 2 * kHeaderWords;  // nBackfill follows them
constexpr std::size_t kPreludeWords = 34;                  // headers and checkpoint state, 136 bytes
constexpr std::uint32_t kFramesPerRegion = 4096;
constexpr std::uint32_t kFramesInFirst = kFramesPerRegion - kPreludeWords;

using HeaderWords = std::array<std::uint32_t, kHeaderWords>;

HeaderWords copy_header(const volatile std::uint32_t* words) {
  HeaderWords copy{};
  for (std::size_t i = 0; i < copy.size(); ++i) copy[i] = words[i];
  return copy;
}

bool checksum_matches(const HeaderWords& words) {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  for (std::size_t i = 0; i + 2 < words.size(); i += 2) {
    first += words[i] + second;
    second += words[i + 1] + first;
  }
  return first == words[10] && second == words[11];
}

bool is_initialised(std::uint32_t flags_word) {
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &flags_word, sizeof flags_word);
  return bytes[0] != 0;
}

std::uint32_t page_size_of(std::uint32_t flags_word) {
  std::array<std::uint16_t, 2> halves{};  // isInit and bigEndCksum, then the page size
  std::memcpy(halves.data(), &flags_word, sizeof flags_word);
  const std::uint32_t stored = halves[1];
  return (stored & 0xfe00U) + ((stored & 0x0001U) << 16);
}

}  // namespace

std::optional<WalIndex> WalIndex::map(sqlite3_file* file, const std::string& path) {
  if (file->pMethods->iVersion < 2 || file->pMethods->xShmMap == nullptr) return std::nullopt;
  volatile void* memory = nullptr;
  const int code = file->pMethods->xShmMap(file, 0, kRegionSize, 0, &memory);
  if ((code != SQLITE_OK && code != SQLITE_READONLY) || memory == nullptr) return std::nullopt;
  return WalIndex(file, path, static_cast<const volatile std::uint32_t*>(memory));
}

std::optional<WalIndexHeader> WalIndex::header() const {
  // A writer stores the second copy first, so two equal copies read in this order are one state.
  const HeaderWords first = copy_header(words_);
  file_->pMethods->xShmBarrier(file_);
  const HeaderWords second = copy_header(words_ + kHeaderWords);
  if (first != second || !is_initialised(first[3]) || !checksum_matches(first)) return std::nullopt;
  if (first[0] != kFormat) {
    throw Error(ErrorCode::unsupported,
                "the wal-index of " + path_ + " has the unknown format " + std::to_string(first[0]));
  }
  WalIndexHeader header;
  header.change = first[2];
  header.page_size = page_size_of(first[3]);
  header.max_frame = first[4];
  header.page_count = first[5];
  std::memcpy(header.salts.data(), &first[8], header.salts.size());
  return header;
}

bool WalIndex::still_has(const WalSalts& salts) const {
  // Whatever was read before this call must not be reordered behind the look at the salts.
  file_->pMethods->xShmBarrier(file_);
  constexpr int kTries = 10000;
  for (int i = 0; i < kTries; ++i) {
    if (const auto now = header()) return now->salts == salts;
    if (i >= 100) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  throw Error(ErrorCode::io, "the wal-index of " + path_ + " does not come to rest").retryable();
}

std::uint32_t WalIndex::backfilled() const { return words_[kBackfilledWord]; }

const volatile std::uint32_t* WalIndex::region(std::uint32_t number) const {
  if (number == 0) return words_;
  volatile void* memory = nullptr;
  const int code = file_->pMethods->xShmMap(file_, static_cast<int>(number), kRegionSize, 0, &memory);
  if ((code != SQLITE_OK && code != SQLITE_READONLY) || memory == nullptr) {
    throw sqlite_error(code == SQLITE_OK ? SQLITE_IOERR_SHMMAP : code, "map the wal-index of", path_,
                       sqlite3_errstr(code));
  }
  return static_cast<const volatile std::uint32_t*>(memory);
}

void WalIndex::page_numbers(std::uint32_t first_frame, std::span<std::uint32_t> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const std::uint64_t index = std::uint64_t{first_frame} - 1 + done;
    const bool in_first = index < kFramesInFirst;
    const std::uint64_t after_first = in_first ? 0 : index - kFramesInFirst;
    const std::uint64_t number = in_first ? 0 : 1 + after_first / kFramesPerRegion;
    const std::uint64_t slot = in_first ? index + kPreludeWords : after_first % kFramesPerRegion;
    const volatile std::uint32_t* words = region(static_cast<std::uint32_t>(number));
    const std::size_t count = std::min<std::size_t>(out.size() - done, kFramesPerRegion - slot);
    for (std::size_t i = 0; i < count; ++i) out[done + i] = words[slot + i];
    done += count;
  }
}

std::array<std::uint32_t, 2> WalIndex::numbers(const WalSalts& salts) noexcept {
  return {read_be32(salts, 0), read_be32(salts, 4)};
}

}  // namespace dbsnap::sqlite
