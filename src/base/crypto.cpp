#include "base/crypto.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/hash.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

constexpr std::uint64_t kMaxScryptMemory = 256ULL << 20;
constexpr std::uint64_t kMaxScryptWork = 1ULL << 22;  // n * r * p; 2^18 with the default cost
constexpr std::uint32_t kMaxScryptLanes = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

void require(int ok, const char* what) {
  if (ok != 1) throw Error(ErrorCode::internal, std::string("openssl refused ") + what);
}

const unsigned char* data_of(ByteView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* data_of(MutableByteView bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

}  // namespace

SecretKey derive_key(ByteView secret, ByteView salt, std::string_view label) {
  const SecretKey extracted(hmac_sha256(salt, secret));
  std::string block(label);
  block.push_back('\x01');
  return SecretKey(hmac_sha256(extracted.view(), std::as_bytes(std::span(block))));
}

bool is_payable(const ScryptCost& cost) noexcept {
  // Products of 32-bit numbers: the first fits into 64 bits, and is small before the second is made.
  const std::uint64_t blocks = std::uint64_t{cost.n} * cost.r;
  const bool power_of_two = cost.n >= 2 && (cost.n & (cost.n - 1)) == 0;
  return power_of_two && cost.r != 0 && cost.p != 0 && cost.p <= kMaxScryptLanes && blocks <= kMaxScryptMemory / 128 &&
         blocks * cost.p <= kMaxScryptWork;
}

SecretKey derive_password_key(std::string_view password, ByteView salt, const ScryptCost& cost) {
  if (!is_payable(cost)) throw Error(ErrorCode::invalid_argument, "the key's scrypt cost is out of bounds");
  SecretKey key;
  require(EVP_PBE_scrypt(password.data(), password.size(), data_of(salt), salt.size(), cost.n, cost.r, cost.p,
                         kMaxScryptMemory + (32ULL << 20), data_of(MutableByteView(key.bytes())), key.bytes().size()),
          "scrypt");
  return key;
}

void aead_seal(const Key256& key, const Nonce96& nonce, ByteView associated, ByteView plain, MutableByteView sealed) {
  if (sealed.size() != plain.size() + kTagSize) throw Error(ErrorCode::internal, "sealed buffer has the wrong size");
  const CipherContext context(EVP_CIPHER_CTX_new());
  int length = 0;
  require(
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, data_of(ByteView(key)), data_of(ByteView(nonce))),
      "aes-256-gcm");
  require(EVP_EncryptUpdate(context.get(), nullptr, &length, data_of(associated), static_cast<int>(associated.size())),
          "associated data");
  if (!plain.empty()) {
    require(EVP_EncryptUpdate(context.get(), data_of(sealed), &length, data_of(plain), static_cast<int>(plain.size())),
            "plain text");
  }
  require(EVP_EncryptFinal_ex(context.get(), data_of(sealed.subspan(plain.size())), &length), "final block");
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, sealed.data() + plain.size()), "tag");
}

bool aead_open(const Key256& key, const Nonce96& nonce, ByteView associated, ByteView sealed, MutableByteView plain) {
  if (sealed.size() < kTagSize || plain.size() != sealed.size() - kTagSize) return false;
  const CipherContext context(EVP_CIPHER_CTX_new());
  int length = 0;
  require(
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, data_of(ByteView(key)), data_of(ByteView(nonce))),
      "aes-256-gcm");
  require(EVP_DecryptUpdate(context.get(), nullptr, &length, data_of(associated), static_cast<int>(associated.size())),
          "associated data");
  if (!plain.empty()) {
    require(EVP_DecryptUpdate(context.get(), data_of(plain), &length, data_of(sealed), static_cast<int>(plain.size())),
            "cipher text");
  }
  std::array<std::byte, kTagSize> tag;
  std::ranges::copy(sealed.last(kTagSize), tag.begin());
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()), "tag");
  std::array<unsigned char, 16> rest{};
  return EVP_DecryptFinal_ex(context.get(), rest.data(), &length) == 1;
}

}  // namespace dbsnap
