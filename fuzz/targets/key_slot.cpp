// Key objects, as they are and with the checksum put right.
#include "format/key_slot.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

bool decodes(ByteView text) {
  return accepts([&] {
    const KeySlot decoded = decode_key_slot(corpus_key(), text);
    require(is_payable(decoded.cost), "no cost that nobody should pay");
    check_label(decoded.label);
    const Bytes again = encode_key_slot(corpus_key(), decoded);
    require(encode_key_slot(corpus_key(), decode_key_slot(corpus_key(), again)) == again, "one text for one key");
  });
}

}  // namespace

bool key_slot(ByteView input) {
  const bool whole = decodes(input);
  const auto text = with_checksum(input);
  return (text && decodes(view_of(*text))) || whole;
}

}  // namespace dbsnap::fuzz
