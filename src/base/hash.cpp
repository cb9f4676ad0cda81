#include "base/hash.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

void require(int ok, const char* what) {
  if (ok != 1) throw Error(ErrorCode::internal, std::string("openssl refused ") + what);
}

}  // namespace

struct Sha256::Impl {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
  void start() { require(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr), "sha256"); }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) { impl_->start(); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(ByteView bytes) {
  require(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()), "sha256");
  return *this;
}

Hash Sha256::finish() {
  Hash hash;
  require(EVP_DigestFinal_ex(impl_->context.get(), reinterpret_cast<unsigned char*>(hash.data()), nullptr), "sha256");
  impl_->start();
  return hash;
}

Hash Sha256::peek() const {
  Impl copy;
  require(EVP_MD_CTX_copy_ex(copy.context.get(), impl_->context.get()), "sha256");
  Hash hash;
  require(EVP_DigestFinal_ex(copy.context.get(), reinterpret_cast<unsigned char*>(hash.data()), nullptr), "sha256");
  return hash;
}

Hash sha256(ByteView bytes) {
  Hash hash;
  require(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()), nullptr, EVP_sha256(),
                     nullptr),
          "sha256");
  return hash;
}

Hash hmac_sha256(ByteView key, ByteView message) {
  Hash hash;
  unsigned length = 0;
  const auto* result = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                            reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                            reinterpret_cast<unsigned char*>(hash.data()), &length);
  if (result == nullptr) throw Error(ErrorCode::internal, "openssl refused hmac-sha256");
  return hash;
}

}  // namespace dbsnap
