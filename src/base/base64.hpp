// Bytes as base64 text (RFC 4648, standard alphabet, padded) and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dbsnap/bytes.hpp"

namespace dbsnap {

std::string to_base64(ByteView bytes);
/// Nothing when `text` is not exactly what to_base64 gives for some bytes.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace dbsnap
