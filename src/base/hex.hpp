// Bytes as lower-case hex digits and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dbsnap/bytes.hpp"

namespace dbsnap {

std::string to_hex(ByteView bytes);
/// Nothing when `text` has an odd length or another character than 0-9a-f.
std::optional<Bytes> from_hex(std::string_view text);

}  // namespace dbsnap
