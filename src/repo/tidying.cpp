#include "repo/tidying.hpp"

#include <set>
#include <string>
#include <vector>

#include "repo/catalog.hpp"
#include "repo/repository_view.hpp"

namespace dbsnap {
namespace {

void remove_below(const RepositoryState& state, const std::string& prefix, const Context& context) {
  std::vector<std::string> keys;
  state.sink->list(
      prefix,
      [&](const ObjectInfo& object) {
        keys.push_back(object.key);
        return true;
      },
      context);
  if (!keys.empty()) state.sink->remove_all(keys, context);
}

void tidy(const RepositoryState& state, const SessionId& id, const Context& context) {
  const auto record = find_session(state, id, context);
  if (!record) return;  // another prune was faster
  // A fence stays for ever: its writer may be asleep.
  if (outcome_of(state, record->manifest, context) == Outcome::snapshot) {
    state.sink->remove(manifest_key(record->manifest), context);
  }
  remove_below(state, alive_prefix(id), context);
  remove_below(state, pin_prefix(id), context);
  remove_below(state, pending_prefix(id), context);
  state.sink->remove(damaged_key(id), context);
  state.sink->remove(session_key(id), context);
}

}  // namespace

void tidy_snapshots(const RepositoryState& state, const Context& context) {
  const RepositoryView view = view_repository(state, context);
  for (const SessionId& id : view.over) tidy(state, id, context);
  std::set<SessionId> ended = view.forgotten;
  for (const ManifestName& name : view.live) ended.insert(name.session);
  for (const std::string& text : list_ids(state, kAlivePrefix, context)) {
    const SessionId id = parse_session_id(text).value();
    if (ended.contains(id)) remove_below(state, alive_prefix(id), context);
  }
}

}  // namespace dbsnap
