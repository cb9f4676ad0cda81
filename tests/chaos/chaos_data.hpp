// What the sources of the chaos tests hold: the same in every process.
#pragma once

#include <cstdint>
#include <string>

#include "dbsnap/repository.hpp"
#include "harness/synthetic_data.hpp"

namespace dbsnap::testing {

/// The state of a source is its number and how often it changed.
struct SourceState {
  std::uint64_t source = 0;
  std::uint64_t changes = 0;
};

/// About 100 KB. Neighbouring states of a source share most of it; every fifth is something else altogether, so that
/// prunes have packs to remove.
SyntheticData data_of(const SourceState& state);

/// As a tag of a snapshot, and back.
std::string to_tag(const SourceState& state);
SourceState from_tag(const std::string& tag);

/// Sizes so small that little data makes several packs.
CreateOptions chaos_sizes();

}  // namespace dbsnap::testing
