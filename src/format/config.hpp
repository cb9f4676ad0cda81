// Repository config: the object `dbsnap.json`, with the settings fixed at creation and the key slots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.hpp"
#include "dbsnap/bytes.hpp"

namespace dbsnap {

/// One password's way to the master key.
struct KeySlot {
  ScryptCost cost;
  Bytes salt;
  Bytes sealed_key;  ///< master key under the password's key, AES-256-GCM
};

/// Sizes in bytes, as in CreateOptions.
struct RepositoryConfig {
  int format = 1;
  std::string id;  ///< 32 hex digits
  bool encrypted = false;
  std::uint32_t chunk_size = 0;
  std::uint32_t frame_size = 0;
  std::uint32_t pack_size = 0;
  std::vector<KeySlot> slots;
};

/// Throws Error{invalid_argument} when sizes are out of bounds or do not go together.
void check_sizes(const RepositoryConfig& config);

Bytes encode_config(const RepositoryConfig& config);
/// Throws Error{damaged}, or Error{incompatible_version} for a newer format or a feature that this
/// build cannot read.
RepositoryConfig decode_config(ByteView bytes);

/// Seals `master` for `password`. The config's settings are authenticated with it.
KeySlot make_key_slot(const RepositoryConfig& config, std::string_view password, const Key256& master);
/// The master key, or nothing when no slot opens with `password`.
std::optional<Key256> open_key_slot(const RepositoryConfig& config, std::string_view password);

}  // namespace dbsnap
