// Verify, level checksums: the store's own word for what each pack holds, compared with the manifests'.
#pragma once

#include <functional>
#include <span>

#include "repo/needed_packs.hpp"
#include "repo/state.hpp"

namespace dbsnap {

enum class StoredChecksum { same, other, missing, unknown };

/// Asks the store about each pack that is there, several at once, and tells `done` what it said; one call at a time, in
/// any order. Throws Error{unsupported} when the store keeps a checksum of none of them.
void compare_checksums(const RepositoryState& state, std::span<const NeededPack> packs,
                       const std::function<void(const NeededPack&, StoredChecksum)>& done, const Context& context);

}  // namespace dbsnap
