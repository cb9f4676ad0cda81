// Byte vocabulary of the public interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dbsnap {

/// Owned bytes.
using Bytes = std::vector<std::byte>;
/// Borrowed bytes to read; valid for the call they are passed to unless said otherwise.
using ByteView = std::span<const std::byte>;
/// Borrowed bytes to fill.
using MutableByteView = std::span<std::byte>;

}  // namespace dbsnap
