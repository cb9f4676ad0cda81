// Base choice: whether the bytes that new chunks replace are read, to store a delta instead of the whole.
#pragma once

#include <cstdint>

#include "dbsnap/repository.hpp"

namespace dbsnap {

/// What a delta of one new frame would cost.
struct BaseCost {
  std::uint64_t new_bytes = 0;    ///< plain bytes of the frame
  std::uint64_t fetch_bytes = 0;  ///< stored bytes of the bases that only the store has
};

/// The rule. `automatic` reads whatever is near: decoded already, in the cache, or in a store whose reads are cheap.
/// From a store across a network it reads no more than half of the new plain bytes, which is about what storing them
/// whole would send: a delta then costs no more traffic, and saves the storage. docs/design/0008-base-data.md has the
/// measurements.
[[nodiscard]] bool reads_bases(BaseData choice, bool cheap_reads, const BaseCost& cost) noexcept;

}  // namespace dbsnap
