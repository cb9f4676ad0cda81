// The three primitives that encryption is made of: HKDF, scrypt and AES-256-GCM, all from libcrypto.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/secret.hpp"
#include "dbsnap/bytes.hpp"

namespace dbsnap {

using Nonce96 = std::array<std::byte, 12>;

/// Bytes of the authentication tag that follows every sealed payload.
inline constexpr std::size_t kTagSize = 16;

/// HKDF-SHA-256 (RFC 5869) for one 32-byte key; `label` keeps keys of different use apart.
SecretKey derive_key(ByteView secret, ByteView salt, std::string_view label);

/// Cost of scrypt (RFC 7914). Memory is 128 * n * r bytes, time grows with n * r * p.
struct ScryptCost {
  std::uint32_t n = 1U << 15;
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  bool operator==(const ScryptCost&) const = default;
};
/// True for a cost that dbsnap pays: at most 256 MiB and sixteen times the work of the default, so that nobody who can
/// write a key object can ask for more.
[[nodiscard]] bool is_payable(const ScryptCost& cost) noexcept;
/// Key of a password. Throws Error{invalid_argument} for a cost that is not payable.
SecretKey derive_password_key(std::string_view password, ByteView salt, const ScryptCost& cost);

/// AES-256-GCM. `sealed` has room for plain.size() + kTagSize bytes: ciphertext, then tag.
void aead_seal(const Key256& key, const Nonce96& nonce, ByteView associated, ByteView plain, MutableByteView sealed);
/// Fills `plain` (sealed.size() - kTagSize bytes); false when the tag does not match, `plain` is then undefined.
[[nodiscard]] bool aead_open(const Key256& key, const Nonce96& nonce, ByteView associated, ByteView sealed,
                             MutableByteView plain);

}  // namespace dbsnap
