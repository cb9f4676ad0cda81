// Parent choice: which earlier snapshot a new one is compared with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/manifest.hpp"
#include "repo/state.hpp"

namespace dbsnap {

struct ParentChoice {
  std::optional<Manifest> manifest;
  std::vector<std::string> warnings;  ///< why a newer snapshot was passed over
};

/// The newest snapshot of the source that is whole as far as a listing shows: its manifest decodes,
/// every pack it needs is there in full size, and no verify has found it damaged.
ParentChoice choose_parent(const RepositoryState& state, const std::string& source_key, const Context& context);

}  // namespace dbsnap
