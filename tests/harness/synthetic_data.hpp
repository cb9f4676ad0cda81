// The content that the synthetic engine backs up: a made-up database that changes like a real one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "dbsnap/bytes.hpp"
#include "dbsnap/manifest.hpp"

namespace dbsnap::testing {

struct SyntheticEntry {
  EntryKind kind = EntryKind::stream;
  Bytes content;
  bool operator==(const SyntheticEntry&) const = default;
};

/// All entries by name. A value type: copies are independent.
using SyntheticData = std::map<std::string, SyntheticEntry, std::less<>>;

/// How much of it. Sizes in bytes; every entry's own size varies between none and twice the mean.
struct SyntheticShape {
  std::size_t page_files = 2;
  std::size_t page_file_size = 512 * 1024;
  std::size_t streams = 2;
  std::size_t stream_size = 256 * 1024;
  std::size_t tiny_entries = 4;  ///< streams of 0 to 40 bytes, the first one empty
};

/// The same seed and shape always give the same data.
SyntheticData make_data(std::uint64_t seed, const SyntheticShape& shape = {});

/// What a day of use does: scattered pages overwritten, a file grown or cut, lines inserted and removed
/// in streams, an entry added and one dropped. The same seed on the same data gives the same change.
void change_data(SyntheticData& data, std::uint64_t seed);

std::uint64_t size_of(const SyntheticData& data);

}  // namespace dbsnap::testing
