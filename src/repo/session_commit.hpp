// Session commit: the sessions it takes until a manifest is a snapshot, beside prunes that take one for dead.
#pragma once

#include <chrono>
#include <functional>

#include "dbsnap/context.hpp"
#include "dbsnap/manifest.hpp"
#include "repo/state.hpp"
#include "repo/writer_session.hpp"

namespace dbsnap {

/// What one attempt to make a snapshot does.
struct SnapshotWork {
  /// Stores everything that `manifest` is to name, in the session that was begun for it.
  std::function<void(WriterSession&)> store;
  /// Called before each commit.
  std::function<void()> about_to_commit = [] {};
  /// Called once the snapshot exists; what it throws takes the snapshot back.
  std::function<void()> committed = [] {};
  /// How long after the manifest's own start the name of its object says that it was begun: a snapshot that replaces
  /// another one comes right behind it.
  std::chrono::milliseconds behind{0};
};

/// Stores and commits. When a prune fenced the session off, the same content is committed again by new sessions, as
/// long as its packs are there and not condemned. False when they are not, and everything must be stored once more.
/// A session that is no snapshot in the end says so.
bool commit_in_sessions(const RepositoryState& state, Manifest& manifest, const SnapshotWork& work,
                        const Context& context);

/// Says that the session is over, whatever the state of `context`, so that no prune waits for it and a manifest that
/// arrived although its put failed is taken back. A failure to say so goes to the log.
void give_up_quietly(WriterSession& session, const Context& context) noexcept;

/// Logs; a log callback that throws cannot stop what is over already.
void log_quietly(const Context& context, LogLevel level, const std::string& text) noexcept;

}  // namespace dbsnap
