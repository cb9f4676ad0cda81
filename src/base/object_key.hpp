// The rule for object keys, shared by all sinks.
#pragma once

#include <string_view>

namespace dbsnap {

/// True for 1 to 512 bytes of [a-z0-9._-] in segments of 1 to 255 bytes joined by '/', none of
/// them "." or "..".
[[nodiscard]] bool is_object_key(std::string_view key) noexcept;
/// Throws Error{invalid_argument} that names a key which is_object_key() refuses.
void require_object_key(std::string_view key);

}  // namespace dbsnap
