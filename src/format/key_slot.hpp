// Key slot: the object that holds one password's way to the master key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.hpp"
#include "base/secret.hpp"
#include "dbsnap/key.hpp"
#include "format/config.hpp"
#include "format/names.hpp"

namespace dbsnap {

/// Contents of an object `keys/<key id>/<random>`. Bound to the repository's settings and to its own name: it opens
/// nothing when either, or anything in it, was changed.
struct KeySlot {
  std::string repository;  ///< id of the repository it opens
  KeyKind kind = KeyKind::password;
  std::string label;
  TimePoint created{};
  ScryptCost cost;
  Bytes salt;
  Bytes sealed_key;  ///< master key under the password's key, AES-256-GCM
};

/// Throws Error{invalid_argument} unless `label` is UTF-8 of at most 128 bytes on one line.
void check_label(std::string_view label);

/// What a new key is.
struct NewKey {
  KeyKind kind = KeyKind::password;
  std::string label;
  TimePoint created{};
  ScryptCost cost;
};
/// Seals `master` for `password` in the object `name`.
KeySlot seal_key_slot(const RepositoryConfig& config, const KeyName& name, const NewKey& key, std::string_view password,
                      const SecretKey& master);
/// The master key, or nothing when the slot does not open with `password`.
std::optional<SecretKey> open_key_slot(const RepositoryConfig& config, const KeyName& name, const KeySlot& slot,
                                       std::string_view password);

Bytes encode_key_slot(const KeyName& name, const KeySlot& slot);
/// Throws Error{damaged} that names the object, also for a cost that nobody should pay, or
/// Error{incompatible_version} for a newer format or another method than scrypt.
KeySlot decode_key_slot(const KeyName& name, ByteView bytes);

}  // namespace dbsnap
