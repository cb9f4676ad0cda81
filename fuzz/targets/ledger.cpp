// The ledger of what verify has read. Input: the payload of a ledger object.
#include "format/ledger_codec.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool ledger(ByteView input) {
  return accepts([&] {
    const Ledger decoded = decode_ledger(input);
    require(decoded.size() <= kMaxLedgerPacks, "a ledger is bounded");
    require(decode_ledger(encode_ledger(decoded)) == decoded, "a ledger reads back as it was written");
  });
}

}  // namespace dbsnap::fuzz
