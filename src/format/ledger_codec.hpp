// Ledger codec: the payload of the objects that say which packs were found whole, and when.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "dbsnap/bytes.hpp"
#include "format/names.hpp"

namespace dbsnap {

/// When a pack was last looked at, in milliseconds since 1970; 0 = never.
struct PackCheck {
  std::uint64_t read = 0;     ///< its bytes were those that were written
  std::uint64_t decoded = 0;  ///< and its frames held the chunks that tables name
  std::uint64_t faulty = 0;   ///< it was found damaged; counts against checks that are not later
  bool operator==(const PackCheck&) const = default;
};
using Ledger = std::unordered_map<PackId, PackCheck, PackIdHash>;

/// More packs than this are never in one object, so that a damaged one cannot ask for much memory.
inline constexpr std::size_t kMaxLedgerPacks = 1U << 22;

/// A few bytes a pack: times are stored once, packs by session.
Bytes encode_ledger(const Ledger& ledger);
/// Throws Error{damaged} unless `payload` is what encode_ledger() made.
Ledger decode_ledger(ByteView payload);

}  // namespace dbsnap
