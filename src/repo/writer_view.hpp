// Writer view: all that a session lists before it chooses what it refers to (docs/concurrency.md, W3).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "dbsnap/context.hpp"
#include "format/names.hpp"
#include "repo/damage_marks.hpp"
#include "repo/state.hpp"

namespace dbsnap {

struct WriterView {
  std::vector<ManifestName> snapshots;                          ///< not forgotten, of all sources, oldest start first
  std::set<std::string, std::less<>> sessions;                  ///< ids of all sessions that have a record
  std::unordered_map<PackId, std::uint64_t, PackIdHash> packs;  ///< all packs and their sizes
  DamageMarks marks;
};

/// Lists everything once, side by side where the store allows it. A session calls this after it has learnt which packs
/// are condemned.
WriterView view_for_writer(const RepositoryState& state, const Context& context);

}  // namespace dbsnap
