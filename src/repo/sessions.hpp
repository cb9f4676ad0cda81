// Sessions: the records of who began to write, and how one that is over is marked.
#pragma once

#include <optional>
#include <string>

#include "dbsnap/context.hpp"
#include "format/names.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// What `sessions/<sid>` says of a session. It stays as long as the snapshot that the session became.
struct SessionRecord {
  SessionId id{};
  ManifestName manifest;  ///< the manifest it will become
  std::string host;
  std::string source;
};

void put_session(const RepositoryState& state, const SessionRecord& record, const Context& context);
/// Nothing when there is no such record. Throws Error{damaged}.
std::optional<SessionRecord> find_session(const RepositoryState& state, const SessionId& id, const Context& context);

/// What stands at the key of a manifest.
enum class Outcome { none, snapshot, fence };
/// Looks by the key, never by a listing. A damaged object counts as a snapshot: nobody knows what it needs.
Outcome outcome_of(const RepositoryState& state, const ManifestName& name, const Context& context);
/// True when the tombstone is there; looks by the key.
bool has_tombstone(const RepositoryState& state, const SessionId& id, const Context& context);

/// Says for ever that the snapshot or session is over. May be put again.
void put_tombstone(const RepositoryState& state, const SessionId& id, const Context& context);
/// Takes the manifest's key, so that a session that is alive after all cannot commit, and puts the tombstone. False
/// when the session has committed before. Where the store does not honour create-if-absent this is only safe when the
/// session is known to be dead.
bool fence(const RepositoryState& state, const ManifestName& name, const Context& context);

}  // namespace dbsnap
