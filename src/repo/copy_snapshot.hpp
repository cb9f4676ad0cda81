// Copy snapshot: stores one snapshot of the source repository in the target.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "dbsnap/copy.hpp"
#include "repo/progress_meter.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// A snapshot that both repositories hold.
struct CopiedBefore {
  Manifest from;  ///< in the source repository
  Manifest to;    ///< in the target
};

/// Everything that copying one snapshot takes.
struct CopyWork {
  const RepositoryState& from;
  const RepositoryState& to;
  const CopyOptions& options;
  ProgressMeter& meter;
};

/// How much later than the original a copy that replaces a damaged one is named.
inline constexpr std::chrono::milliseconds kBehind{1};

/// Commits a copy of `snapshot` in the target, `behind` its own start by name, and returns its manifest. What `before`
/// shares with it is referenced; its copy is the parent. Throws Error{damaged} naming the snapshot when it cannot be
/// read whole, and Error{locked} when prunes of the target took it for dead time and again.
Manifest copy_snapshot(const CopyWork& work, const Manifest& snapshot, const Origin& origin,
                       const std::optional<CopiedBefore>& before, std::chrono::milliseconds behind,
                       const Context& context);

/// Plain bytes that a copy of `snapshot` reads when the target holds a copy of `before`, a snapshot of the same
/// repository, or (null) nothing of it. Reads the tables of both.
std::uint64_t bytes_to_copy(const RepositoryState& from, const Manifest& snapshot, const Manifest* before,
                            const Context& context);

}  // namespace dbsnap
