// Source identity: what makes two snapshots be of the same source, whatever repository they are in.
#pragma once

#include <string>

#include "dbsnap/manifest.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// The text that source keys are made from (docs/format.md, "Names"). `source_name` is the user's own, or empty.
std::string identity_of(const SourceInfo& source, const std::string& source_name);

/// Key under which a snapshot that `from` keeps below `key` belongs in `to`: where a backup of the same source into
/// `to` would go.
std::string source_key_in(const RepositoryState& to, const RepositoryState& from, const SourceInfo& source,
                          const std::string& key);

}  // namespace dbsnap
