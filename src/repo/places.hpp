// Places: keeps what is backed up and what is restored out of the repository's own folder.
#pragma once

#include <string>

namespace dbsnap {

/// Throws Error{invalid_argument} when the file or folder that `url` names lies inside the folder
/// that `repository_url` names, or a folder holds it. `role` is "source" or "target". Places that
/// are not on this machine are always apart.
void require_apart(const std::string& role, const std::string& url, const std::string& repository_url);

}  // namespace dbsnap
