// Resolve: which snapshot a person means by a few digits of its id, or by latest.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dbsnap/manifest.hpp"

namespace dbsnap {

/// Throws Error{invalid_argument} for text that cannot mean a snapshot.
void check_snapshot_text(std::string_view text);

/// Id of the one among `snapshots` (newest first) of a repository that `text` means: latest, or the first digits of
/// its id or of the id that it has in its origin. Throws not_found, or invalid_argument when it could be several.
std::string resolve_snapshot(std::string_view text, const std::string& repository_id,
                             std::span<const SnapshotSummary> snapshots);

}  // namespace dbsnap
