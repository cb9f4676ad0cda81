// Small objects: everything in a repository that is neither a pack nor the manifest of a listed snapshot.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "dbsnap/context.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Opens every small object and calls `on_damage` with its key and what is wrong. Returns how many there are.
std::uint64_t check_small_objects(const RepositoryState& state,
                                  const std::function<void(const std::string& key, const std::string& what)>& on_damage,
                                  const Context& context);

}  // namespace dbsnap
