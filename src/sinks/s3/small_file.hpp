// Files of a few lines: profiles and tokens.
#pragma once

#include <string>

namespace dbsnap::s3 {

/// Content without line ends behind it. Throws posix_error, and Error{invalid_argument} for more than a mebibyte.
std::string read_small_file(const std::string& path);

}  // namespace dbsnap::s3
