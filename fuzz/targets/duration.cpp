// Durations such as "1y6m".
#include "dbsnap/retention.hpp"
#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool duration(ByteView input) {
  return accepts([&] { require(parse_duration(text_of(input)).count() >= 0, "a duration is not negative"); });
}

}  // namespace dbsnap::fuzz
