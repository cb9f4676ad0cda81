// The files in which programs for AWS keep profiles: sections of names and values.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace dbsnap::s3 {

using ProfileSection = std::map<std::string, std::string, std::less<>>;
using ProfileFile = std::map<std::string, ProfileSection, std::less<>>;

/// Sections by the name of their profile: "[profile x]" and "[x]" are both x. Other kinds of sections ("[sso-session
/// x]") keep their whole name. Nested settings and lines that are none are passed over, as other programs do.
ProfileFile parse_profile_file(std::string_view text);

}  // namespace dbsnap::s3
