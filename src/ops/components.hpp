// What this build is made of; the list itself is generated from DBSNAP_COMPONENTS.
#pragma once

#include <string_view>
#include <vector>

#include "base/registry.hpp"

namespace dbsnap {

/// A URL scheme whose component was left out when this library was configured.
struct LeftOutScheme {
  std::string_view kind;  ///< "engine" or "sink"
  std::string_view name;
  std::string_view scheme;
  std::string_view flag;  ///< CMake option that brings it back
};

/// Lets every component of this build add itself to `registry`.
void register_components(Registry& registry);

/// What the options table knows but this build does not have.
const std::vector<LeftOutScheme>& left_out_schemes();

}  // namespace dbsnap
