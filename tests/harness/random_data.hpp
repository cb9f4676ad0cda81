// Reproducible data: the same seed gives the same bytes on every machine.
#pragma once

#include <cstdint>
#include <string>

#include "dbsnap/bytes.hpp"

namespace dbsnap::testing {

/// A small generator (SplitMix64). A value type: a copy continues where the original stands.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  /// A number in [0, bound); `bound` is not 0.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }

  /// Bytes that do not compress.
  Bytes bytes(std::size_t size);
  /// Lines of words, about as compressible as a table dump.
  Bytes text(std::size_t size);
  /// A database file look-alike: pages of `page_size` with a header, text and zeros.
  Bytes pages(std::size_t size, std::size_t page_size = 4096);

 private:
  std::uint64_t state_;
};

}  // namespace dbsnap::testing
