#include "repo/session_commit.hpp"

#include <exception>

namespace dbsnap {
namespace {

// How often a snapshot that was fenced off is committed again without being stored once more.
constexpr unsigned kCommits = 3;

bool in_session(const RepositoryState& state, const Manifest& named, const std::function<bool(WriterSession&)>& work,
                const Context& context) {
  WriterSession session(state, named, context);
  try {
    const bool stored = work(session);
    if (!stored) give_up_quietly(session, context);
    return stored;
  } catch (...) {
    give_up_quietly(session, context);
    throw;
  }
}

}  // namespace

bool commit_in_sessions(const RepositoryState& state, Manifest& manifest, const SnapshotWork& work,
                        const Context& context) {
  const auto commit = [&](WriterSession& session) {
    work.about_to_commit();
    if (!session.commit(manifest, context)) return false;
    work.committed();
    return true;
  };
  const auto store_and_commit = [&](WriterSession& session) {
    work.store(session);
    context.check();
    return commit(session);
  };
  Manifest named;
  named.source = manifest.source;
  named.source_key = manifest.source_key;
  named.started = manifest.started + work.behind;
  bool stored = in_session(state, named, store_and_commit, context);
  for (unsigned again = 0; !stored && again < kCommits; ++again) {
    log_quietly(context, LogLevel::info,
                "a prune took the snapshot of " + manifest.source.name + " for dead; committing again");
    bool usable = true;
    const auto commit_again = [&](WriterSession& session) {
      usable = session.can_reference(manifest.packs, context);
      return usable && commit(session);
    };
    stored = in_session(state, named, commit_again, context);
    if (!usable) return false;
  }
  return stored;
}

void give_up_quietly(WriterSession& session, const Context& context) noexcept {
  try {
    Context unstoppable = context;
    unstoppable.stop = {};
    unstoppable.deadline.reset();
    session.give_up(unstoppable);
  } catch (const std::exception& failure) {
    log_quietly(context, LogLevel::warning,
                "session " + to_text(session.id()) + " has failed and could not be closed: " + failure.what());
  }
}

void log_quietly(const Context& context, LogLevel level, const std::string& text) noexcept {
  try {
    if (context.log) context.log(level, text);
  } catch (...) {
    // What is logged is over already.
  }
}

}  // namespace dbsnap
