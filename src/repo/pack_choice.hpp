// Pack choice: which packs a verify reads, and in which order.
#pragma once

#include <cstdint>
#include <vector>

#include "dbsnap/repository.hpp"
#include "format/ledger_codec.hpp"
#include "repo/needed_packs.hpp"

namespace dbsnap {

struct PackChoice {
  std::vector<std::uint32_t> chosen;  ///< positions in the list of needed packs, in reading order
  PackCount fresh;
  PackCount left;
};

/// Throws Error{invalid_argument} when level, max_age and percent do not go together.
void check_choice(const VerifyOptions& options);
/// Throws Error{invalid_argument} unless `percent` is 1 to 100.
void check_percent(unsigned percent);
/// Bytes that `percent` of `bytes` are, rounded up.
std::uint64_t share_of(std::uint64_t bytes, unsigned percent);

/// Never or longest ago checked first; packs of one earlier run stay in the order of their names.
/// Packs that are not there are in none of the counts.
PackChoice choose_packs(const std::vector<NeededPack>& needed, const Ledger& ledger, const VerifyOptions& options,
                        std::uint64_t now);

}  // namespace dbsnap
