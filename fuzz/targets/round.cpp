// Plans and verdicts of rounds of pruning. Input: the payload of either.
#include "format/round_codec.hpp"

#include <algorithm>
#include <string>

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool round(ByteView input) {
  const bool plan = accepts([&] {
    const RoundPlan decoded = decode_plan(input);
    require(std::ranges::is_sorted(decoded.condemned) && std::ranges::is_sorted(decoded.seen), "a plan is in order");
    const std::string again = encode_plan(decoded);
    require(encode_plan(decode_plan(view_of(again))) == again, "one text for one plan");
  });
  const bool verdict = accepts([&] {
    const RoundVerdict decoded = decode_verdict(input);
    require(decode_verdict(view_of(encode_verdict(decoded))).packs == decoded.packs, "a verdict reads back");
  });
  return plan || verdict;
}

}  // namespace dbsnap::fuzz
