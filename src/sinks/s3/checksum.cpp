#include "sinks/s3/checksum.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/base64.hpp"

namespace dbsnap::s3 {

std::string content_md5(ByteView bytes) {
  std::array<std::byte, 16> digest{};
  auto* out = reinterpret_cast<unsigned char*>(digest.data());
  if (EVP_Digest(bytes.data(), bytes.size(), out, nullptr, EVP_md5(), nullptr) != 1) return {};
  return to_base64(digest);
}

}  // namespace dbsnap::s3
