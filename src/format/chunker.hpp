// Content-defined cutting: where one chunk of a stream ends and the next begins.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dbsnap/bytes.hpp"

namespace dbsnap {

/// Bounds of a chunk's length in bytes.
struct CutParameters {
  std::uint32_t min = 16 * 1024;
  std::uint32_t average = 64 * 1024;
  std::uint32_t max = 256 * 1024;

  /// The bounds that go with a repository's chunk size: a quarter of it to four times it.
  static CutParameters around(std::uint32_t chunk_size);
};

/// Content-defined cutting: a Gear hash over the last 64 bytes, and a chunk ends where the hash is
/// small (docs/format.md, "Content-defined chunks"). A chunk's end depends on its own bytes only,
/// so that streams which differ in one place are cut alike everywhere else. Immutable: one cutter
/// serves many threads and streams.
class ContentCutter {
 public:
  /// An empty key gives the public table, the same in every repository; any other key a table of
  /// its own, so that chunk lengths tell nothing to who does not hold the key. Throws
  /// Error{invalid_argument} unless 64 <= min < average < max.
  ContentCutter(const CutParameters& parameters, ByteView key);

  /// Length of the chunk at the front of `bytes`; 0 when `bytes` ends before the cut is certain
  /// (`max` bytes are always enough). With `at_end`, 0 only when `bytes` is empty.
  [[nodiscard]] std::size_t cut(ByteView bytes, bool at_end) const;

  [[nodiscard]] const CutParameters& parameters() const noexcept { return parameters_; }

 private:
  CutParameters parameters_;
  std::size_t normal_;          // length up to which a cut is rare
  std::uint64_t rare_below_;    // hash values that cut before `normal_`
  std::uint64_t common_below_;  // and from there on
  std::array<std::uint64_t, 256> table_;
};

}  // namespace dbsnap
