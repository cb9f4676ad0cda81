// What a folder can say about itself: room, the disk that should be mounted there, its file system.
#pragma once

#include <string>
#include <vector>

#include "dbsnap/finding.hpp"

namespace dbsnap {

/// Findings of the local sink whose folder is `root`; changes nothing.
std::vector<Finding> examine_folder(const std::string& root);

}  // namespace dbsnap
