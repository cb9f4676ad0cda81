// Percent-encoding (RFC 3986), the one place where text becomes part of a URL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dbsnap {

/// Letters, digits, '-', '.', '_', '~' and the characters of `also_kept` stay; every other byte becomes %XX with upper-
/// case digits.
std::string percent_encode(std::string_view text, std::string_view also_kept = "");

/// Nothing when a '%' is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace dbsnap
