// Repository view: which snapshots and sessions there are, where what a listing lacks was looked up by its key.
#pragma once

#include <set>
#include <vector>

#include "dbsnap/repository.hpp"
#include "repo/sessions.hpp"

namespace dbsnap {

/// What a repository shows. Everything that was there before the view was begun, and was not removed since, is in it,
/// unless a listing hides both a session's record and its manifest.
struct RepositoryView {
  std::vector<ManifestName> live;         ///< manifests without a tombstone; a fence may be among them
  std::vector<SessionRecord> unfinished;  ///< sessions with neither manifest nor tombstone
  std::vector<SessionId> over;            ///< sessions behind a tombstone whose record is there still
  std::set<SessionId> forgotten;          ///< all that have a tombstone
};

RepositoryView view_repository(const RepositoryState& state, const Context& context);

/// The unfinished ones for callers of the library.
std::vector<UnfinishedSession> unfinished_sessions(const RepositoryView& view);

}  // namespace dbsnap
