// URLs, and what is shown of them.
#include "base/url.hpp"

#include <string>

#include "support.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {

bool url(ByteView input) {
  return accepts([&] {
    const Url parsed = parse_url(text_of(input));
    const Url shown = parse_url(parsed.redacted());
    require(shown.scheme == parsed.scheme, "the scheme is shown");
    require(shown.password.empty() == parsed.password.empty(), "a password is shown as there");
    require(parsed.password.empty() || shown.password == "***", "a password is not shown");
    for (const auto& [name, value] : shown.query) {
      require(!names_a_secret(name) || value.empty() || value == "***", "a secret parameter is not shown");
    }
  });
}

}  // namespace dbsnap::fuzz
