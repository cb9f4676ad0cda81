// Parent choice: which earlier snapshot a new one is compared with.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/manifest.hpp"
#include "repo/pack_closure.hpp"
#include "repo/state.hpp"
#include "repo/writer_view.hpp"

namespace dbsnap {

struct ParentChoice {
  std::optional<Manifest> manifest;
  KnownPacks packs;  ///< of the manifest
  /// Those of them that nothing new may use: missing, of another size than written, marked by a
  /// verify, or with a delta that stands on such a pack.
  std::set<PackId> unusable;
  std::vector<std::string> warnings;  ///< why a newer snapshot was passed over, or only a part of it is used
};

/// The newest snapshot of the source whose manifest decodes, and that no verify has found damaged in
/// anything but packs. Packs that `may_use` does not let through count as missing.
ParentChoice choose_parent(const RepositoryState& state, const WriterView& view, const std::string& source_key,
                           const std::function<bool(const PackId&)>& may_use, const Context& context);
/// The snapshot of `manifest` as the parent, whatever newer ones there are. Throws Error{damaged}.
ParentChoice take_as_parent(const WriterView& view, Manifest manifest,
                            const std::function<bool(const PackId&)>& may_use);

}  // namespace dbsnap
