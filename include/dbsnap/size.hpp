// Sizes as people type them.
#pragma once

#include <cstdint>
#include <string_view>

#include "dbsnap/export.hpp"

namespace dbsnap {

/// Bytes meant by "500", "64K", "10M", "1.5GiB" (powers of 1024; "/s" may follow). Throws
/// Error{invalid_argument} that names `option`, which the text was given for.
DBSNAP_API std::uint64_t parse_size(std::string_view text, std::string_view option);

}  // namespace dbsnap
