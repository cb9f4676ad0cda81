// Gear hash with normalised cut probability.
#include "format/chunker.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/hash.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

/// Bytes that the hash remembers: one bit shift per byte, 64 bits.
constexpr std::size_t kWindow = 64;
/// How much rarer (before the normal length) and more common (after it) a cut is than once per average.
constexpr std::uint64_t kNormalisation = 4;
constexpr std::string_view kTableLabel = "dbsnap gear table 1";

std::uint64_t little_endian_64(const std::byte* bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

/// HMAC-SHA-256(key, label, block number as one byte) gives four entries per block.
std::array<std::uint64_t, 256> gear_table(ByteView key) {
  static constexpr std::byte kNoKey{};
  if (key.empty()) key = ByteView(&kNoKey, 0);
  std::array<std::uint64_t, 256> table;
  Bytes message(kTableLabel.size() + 1);
  std::ranges::transform(kTableLabel, message.begin(), [](char c) { return static_cast<std::byte>(c); });
  for (std::size_t block = 0; block < table.size() / 4; ++block) {
    message.back() = static_cast<std::byte>(block);
    const Hash hash = hmac_sha256(key, message);
    for (std::size_t i = 0; i < 4; ++i) table[block * 4 + i] = little_endian_64(hash.data() + 8 * i);
  }
  return table;
}

/// Threshold below which one hash value in `distance` falls.
std::uint64_t one_in(std::uint64_t distance) { return std::numeric_limits<std::uint64_t>::max() / distance; }

/// A Gear hash on its way through bytes.
struct Scan {
  const std::byte* bytes;
  const std::uint64_t* table;
  std::size_t position;
  std::uint64_t hash = 0;

  /// Takes bytes in until the hash is below `below` (true) or `position` is `end` (false).
  bool run(std::size_t end, std::uint64_t below) {
    std::uint64_t h = hash;
    std::size_t p = position;
    bool found = false;
    while (p < end && !found) {
      h = (h << 1) + table[std::to_integer<std::uint8_t>(bytes[p++])];
      found = h < below;
    }
    hash = h;
    position = p;
    return found;
  }
};

}  // namespace

CutParameters CutParameters::around(std::uint32_t chunk_size) {
  if (chunk_size > std::numeric_limits<std::uint32_t>::max() / 4) {
    throw Error(ErrorCode::invalid_argument, "the chunk size is too large");
  }
  return {chunk_size / 4, chunk_size, chunk_size * 4};
}

ContentCutter::ContentCutter(const CutParameters& parameters, ByteView key)
    : parameters_(parameters),
      // With this the mean length of random data is the average (within 1 % for min = average / 4).
      normal_(parameters.min + (static_cast<std::size_t>(parameters.average) - parameters.min) / 4 * 3) {
  if (parameters.min < kWindow || parameters.average <= parameters.min || parameters.max <= parameters.average) {
    throw Error(ErrorCode::invalid_argument, "chunk bounds must be 64 <= min < average < max");
  }
  rare_below_ = one_in(parameters.average * kNormalisation);
  common_below_ = one_in(std::max<std::uint64_t>(parameters.average / kNormalisation, 1));
  table_ = gear_table(key);
}

std::size_t ContentCutter::cut(ByteView bytes, bool at_end) const {
  const std::size_t end = std::min<std::size_t>(bytes.size(), parameters_.max);
  if (end > parameters_.min) {
    // The first length to consider is `min`; its hash covers the whole window, as any other does.
    Scan scan{bytes.data(), table_.data(), parameters_.min - kWindow};
    scan.run(parameters_.min - 1, 0);
    if (scan.run(std::min(end, normal_), rare_below_)) return scan.position;
    if (scan.run(end, common_below_)) return scan.position;
  }
  if (end == parameters_.max) return end;
  return at_end ? bytes.size() : 0;
}

}  // namespace dbsnap
