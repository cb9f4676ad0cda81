// Copy plan: which snapshots of the source repository are to be copied, and which the target holds already.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dbsnap/copy.hpp"
#include "format/names.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// The snapshot's origin, or where it is when it was taken there.
Origin first_taken(const std::string& repository_id, const std::string& id, const std::optional<Origin>& origin);

/// A snapshot of the source repository, and what the target has of it.
struct CopyCandidate {
  ManifestName name;  ///< in the source repository
  SnapshotCopy copy;  ///< `state` is planned for what is to be copied
  bool chosen = false;
  /// Its copy in the target, whole or with damage to nothing but packs.
  std::optional<ManifestName> held = {};
  bool replaces = false;  ///< the target has a damaged copy of it, which a new one comes behind
};

/// Every snapshot of the source repository, by source, oldest first: those that are not chosen may be what a chosen
/// one is compared with. Throws Error{not_found} for an id in the options that does not exist.
std::vector<CopyCandidate> plan_copy(const RepositoryState& from, const RepositoryState& to, const CopyOptions& options,
                                     const Context& context);

}  // namespace dbsnap
