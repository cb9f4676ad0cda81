// Manifests as JSON.
#include "format/manifest_codec.hpp"
#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool manifest(ByteView input) {
  return accepts([&] {
    const Manifest decoded = decode_manifest(input);
    static_cast<void>(summary_of(decoded));
    const Bytes text = encode_manifest(decoded);
    require(encode_manifest(decode_manifest(text)) == text, "one text for one manifest");
  });
}

}  // namespace dbsnap::fuzz
