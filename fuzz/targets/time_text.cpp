// Times as text.
#include "base/time_text.hpp"

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool time_text(ByteView input) {
  const auto time = time_from_text(text_of(input));
  if (time) require(time_from_text(dbsnap::time_text(*time)) == time, "a time comes back from its text");
  return time.has_value();
}

}  // namespace dbsnap::fuzz
