// Keys of objects.
#include "format/names.hpp"

#include <string>

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool names(ByteView input) {
  const std::string key(text_of(input));
  const auto pack = parse_pack_key(key);
  if (pack) require(pack_key(*pack) == key, "a pack key comes back");
  const auto manifest = parse_manifest_key(key);
  if (manifest) require(manifest_key(*manifest) == key, "a manifest key comes back");
  const auto session = parse_session_id(key);
  if (session) require(to_text(*session) == key, "a session id comes back");
  return pack || manifest || session;
}

}  // namespace dbsnap::fuzz
