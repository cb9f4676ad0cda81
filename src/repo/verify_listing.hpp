// Verify, level listing: manifests decode, and the store lists every pack they need.
#pragma once

#include <cstdint>
#include <vector>

#include "dbsnap/context.hpp"
#include "repo/needed_packs.hpp"
#include "repo/progress_meter.hpp"
#include "repo/state.hpp"
#include "repo/verify_findings.hpp"

namespace dbsnap {

/// What the later levels need to know of one snapshot.
struct ListedSnapshot {
  ManifestName name;
  bool decodes = true;      ///< its manifest can be read
  std::uint64_t rows = 0;   ///< of its chunk tables
  std::uint64_t bytes = 0;  ///< plain bytes of its entries
};

/// Reads the manifests of `names` and adds the packs they list to `packs`. A snapshot that was forgotten
/// since it was listed is left out.
std::vector<ListedSnapshot> list_snapshots(const RepositoryState& state, const std::vector<ManifestName>& names,
                                           NeededPacks& packs, VerifyFindings& findings, ProgressMeter& meter,
                                           const Context& context);

/// The manifest of a listed snapshot, read once more; nothing when it is gone or damaged by now.
std::optional<Manifest> read_again(const RepositoryState& state, const ListedSnapshot& snapshot,
                                   VerifyFindings& findings, const Context& context);

}  // namespace dbsnap
