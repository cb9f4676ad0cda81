#include "repo/unforget.hpp"

#include <algorithm>
#include <utility>

#include "dbsnap/error.hpp"
#include "format/manifest_codec.hpp"
#include "repo/catalog.hpp"
#include "repo/session_commit.hpp"

namespace dbsnap {
namespace {

std::vector<ManifestName> forgotten_manifests(const RepositoryState& state, const Context& context) {
  std::vector<ManifestName> names;
  state.sink->list(
      kSnapshotPrefix,
      [&](const ObjectInfo& object) {
        if (auto name = parse_manifest_key(object.key)) names.push_back(*std::move(name));
        return true;
      },
      context);
  const auto forgotten = list_ids(state, kForgottenPrefix, context);
  std::erase_if(names, [&](const ManifestName& name) { return !forgotten.contains(to_text(name.session)); });
  return names;
}

// Nothing for a fence, and for what a prune removes meanwhile.
std::optional<Manifest> load_if_there(const RepositoryState& state, const ManifestName& name, const Context& context) {
  try {
    return load_manifest(state, name, context);
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found) throw;
    return std::nullopt;
  }
}

Error data_is_gone(const std::string& id) {
  return Error(ErrorCode::locked, "snapshot " + id + " cannot come back: a prune has removed or condemned its data")
      .hint("dbsnap list --forgotten")
      .with("snapshot", id);
}

// A session that is no snapshot in the end says so.
bool commit_again(const RepositoryState& state, Manifest& manifest, const Context& context) {
  const std::string forgotten = manifest.id;
  WriterSession session(state, manifest, context);
  try {
    if (!session.can_reference(manifest.packs, context)) throw data_is_gone(forgotten);
    return session.commit(manifest, context);
  } catch (const Error&) {
    give_up_quietly(session, context);
    throw;
  }
}

}  // namespace

std::vector<SnapshotSummary> list_forgotten(const RepositoryState& state, const Context& context) {
  std::vector<SnapshotSummary> summaries;
  for (const ManifestName& name : forgotten_manifests(state, context)) {
    if (const auto manifest = load_if_there(state, name, context)) summaries.push_back(summary_of(*manifest));
  }
  std::ranges::stable_sort(summaries, std::ranges::greater(), &SnapshotSummary::time);
  return summaries;
}

Manifest unforget_snapshot(const RepositoryState& state, const std::string& id, const Context& context) {
  for (const ManifestName& name : forgotten_manifests(state, context)) {
    if (to_text(name.session) != id) continue;
    auto manifest = load_if_there(state, name, context);
    if (!manifest) break;
    if (commit_again(state, *manifest, context)) return *std::move(manifest);
    throw Error(ErrorCode::locked, "a prune took the return of snapshot " + id + " for dead")
        .hint("dbsnap unforget " + id)
        .retryable();
  }
  throw Error(ErrorCode::not_found, "there is no forgotten snapshot " + id)
      .hint("dbsnap list --forgotten")
      .with("snapshot", id);
}

}  // namespace dbsnap
