// Files of profiles, as people write them.
#include "sinks/s3/profile_file.hpp"
#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool s3_profile(ByteView input) {
  const auto file = s3::parse_profile_file(text_of(input));
  for (const auto& [name, section] : file) {
    for (const auto& [key, value] : section) require(value.find('\n') == std::string::npos, "a value is one line");
  }
  return !file.empty();
}

}  // namespace dbsnap::fuzz
