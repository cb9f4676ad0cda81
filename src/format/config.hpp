// Repository config: the object `dbsnap.json`, with the settings fixed at creation.
#pragma once

#include <cstdint>
#include <string>

#include "dbsnap/bytes.hpp"

namespace dbsnap {

/// What the store was found to do when the repository was created; docs/concurrency.md says what hangs on it.
struct StoreModes {
  bool if_absent = true;         ///< of several puts with if_absent exactly one stores
  bool list_after_write = true;  ///< a listing shows what was put, and not what was removed, before it began
  bool operator==(const StoreModes&) const = default;
};

/// Sizes in bytes, as in CreateOptions.
struct RepositoryConfig {
  int format = 1;
  std::string id;  ///< 32 hex digits
  bool encrypted = false;
  std::uint32_t chunk_size = 0;
  std::uint32_t frame_size = 0;
  std::uint32_t pack_size = 0;
  StoreModes store = {};
};

/// Throws Error{invalid_argument} when sizes are out of bounds or do not go together.
void check_sizes(const RepositoryConfig& config);

Bytes encode_config(const RepositoryConfig& config);
/// Throws Error{damaged}, or Error{incompatible_version} for a newer format or a feature that this
/// build cannot read.
RepositoryConfig decode_config(ByteView bytes);

/// The settings as the text that every key of the repository is bound to: nobody changes one of them without a
/// password.
std::string settings_text(const RepositoryConfig& config);

}  // namespace dbsnap
