// What sinks say about the room that a file system has left.
#pragma once

#include <cstdint>

#include "dbsnap/finding.hpp"

namespace dbsnap {

/// Finding "free-space": a warning when less than a tenth is left. Both in bytes.
Finding free_space_finding(std::uint64_t total, std::uint64_t free);

}  // namespace dbsnap
