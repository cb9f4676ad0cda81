// Repository configs, as they are and with the checksum put right.
#include "format/config.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

bool decodes(ByteView text) {
  return accepts([&] {
    const RepositoryConfig decoded = decode_config(text);
    check_sizes(decoded);
    const Bytes again = encode_config(decoded);
    require(encode_config(decode_config(again)) == again, "one text for one config");
  });
}

}  // namespace

bool config(ByteView input) {
  const bool whole = decodes(input);
  const auto text = with_checksum(input);
  return (text && decodes(view_of(*text))) || whole;
}

}  // namespace dbsnap::fuzz
