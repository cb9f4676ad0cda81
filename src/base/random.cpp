#include "base/random.hpp"

#include <openssl/rand.h>

#include "base/hex.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap {

void fill_random(MutableByteView out) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) != 1) {
    throw Error(ErrorCode::internal, "the operating system gave no random bytes");
  }
}

std::string random_hex(std::size_t count) {
  Bytes bytes(count);
  fill_random(bytes);
  return to_hex(bytes);
}

}  // namespace dbsnap
