#include "base/secret.hpp"

#include <openssl/crypto.h>

namespace dbsnap {

void wipe(MutableByteView secret) noexcept { OPENSSL_cleanse(secret.data(), secret.size()); }

// In constant time, as befits a comparison of secrets.
bool operator==(const SecretKey& left, const SecretKey& right) noexcept {
  return CRYPTO_memcmp(left.bytes_.data(), right.bytes_.data(), left.bytes_.size()) == 0;
}

}  // namespace dbsnap
