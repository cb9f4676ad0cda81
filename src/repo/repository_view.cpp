#include "repo/repository_view.hpp"

#include <utility>

#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

std::set<SessionId> sessions_below(const RepositoryState& state, std::string_view prefix, const Context& context) {
  std::set<SessionId> sessions;
  for (const std::string& text : list_ids(state, prefix, context)) sessions.insert(parse_session_id(text).value());
  return sessions;
}

}  // namespace

std::vector<UnfinishedSession> unfinished_sessions(const RepositoryView& view) {
  std::vector<UnfinishedSession> sessions;
  for (const SessionRecord& session : view.unfinished) {
    sessions.push_back({to_text(session.id), session.host, session.source, session.manifest.started});
  }
  return sessions;
}

RepositoryView view_repository(const RepositoryState& state, const Context& context) {
  RepositoryView view;
  // Sessions first: one that commits meanwhile is then seen as a session, as a manifest, or as both.
  const auto sessions = sessions_below(state, kSessionPrefix, context);
  std::vector<ManifestName> manifests;
  state.sink->list(
      kSnapshotPrefix,
      [&](const ObjectInfo& object) {
        if (auto name = parse_manifest_key(object.key)) manifests.push_back(*std::move(name));
        return true;
      },
      context);
  view.forgotten = sessions_below(state, kForgottenPrefix, context);
  std::set<SessionId> shown;
  for (ManifestName& name : manifests) {
    shown.insert(name.session);
    if (!view.forgotten.contains(name.session)) view.live.push_back(std::move(name));
  }
  for (const SessionId& id : sessions) {
    if (view.forgotten.contains(id)) {
      view.over.push_back(id);
      continue;
    }
    if (shown.contains(id)) continue;
    auto record = find_session(state, id, context);
    if (!record || has_tombstone(state, id, context)) continue;  // it was over and tidied away since it was listed
    if (outcome_of(state, record->manifest, context) == Outcome::none) {
      view.unfinished.push_back(*std::move(record));
    } else {
      view.live.push_back(std::move(record->manifest));
    }
  }
  return view;
}

}  // namespace dbsnap
