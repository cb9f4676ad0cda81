// Base64 text: what is taken is the one text of its bytes.
#include "base/base64.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool base64(ByteView input) {
  const auto back = from_base64(to_base64(input));
  require(back && std::ranges::equal(*back, input), "bytes come back");
  const auto bytes = from_base64(text_of(input));
  if (bytes) require(to_base64(*bytes) == text_of(input), "one text for one byte string");
  return bytes.has_value();
}

}  // namespace dbsnap::fuzz
