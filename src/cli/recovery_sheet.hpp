// The sheet of paper that opens a repository when every password is lost.
#pragma once

#include <string>

#include "dbsnap/key.hpp"
#include "dbsnap/repository.hpp"

namespace dbsnap::cli {

/// Everything that somebody needs who finds the sheet years later: what it opens, where that is, what to type.
/// `repository_word` is the repository as it is typed after -r.
std::string recovery_sheet(const RecoveryKey& made, const Repository& repository, const std::string& repository_word);

}  // namespace dbsnap::cli
