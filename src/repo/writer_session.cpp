#include "repo/writer_session.hpp"

#include <algorithm>

#include "format/manifest_codec.hpp"
#include "repo/catalog.hpp"
#include "repo/rounds.hpp"

namespace dbsnap {
namespace {

ManifestName begin_session(const RepositoryState& state, const Manifest& manifest, const Context& context) {
  const ManifestName name{.source_key = manifest.source_key,
                          .started = std::chrono::floor<std::chrono::milliseconds>(manifest.started),
                          .session = new_session_id()};
  put_session(state, {name.session, name, manifest.source.host, manifest.source.name}, context);
  return name;
}

// A session that does not get further than this would keep the next prune waiting.
std::vector<PackId> learn_condemned(const RepositoryState& state, const SessionId& session, const Context& context) {
  try {
    return condemned_packs(state, context);
  } catch (...) {
    Context unstoppable;
    unstoppable.clock = context.clock;
    try {
      put_tombstone(state, session, unstoppable);
    } catch (const Error&) {
      // The first failure is the one to report; a prune fences the session later.
    }
    throw;
  }
}

}  // namespace

WriterSession::WriterSession(const RepositoryState& state, const Manifest& manifest, const Context& context)
    : state_(state),
      name_(begin_session(state, manifest, context)),
      condemned_(learn_condemned(state, name_.session, context)),
      signs_(state, name_.session, kSignOfLife, context) {}

WriterSession::~WriterSession() = default;

bool WriterSession::may_use(const PackId& pack) const { return !std::ranges::binary_search(condemned_, pack); }

bool WriterSession::can_reference(const std::vector<PackInfo>& packs, const Context& context) const {
  return std::ranges::all_of(packs, [&](const PackInfo& pack) {
    const auto id = parse_pack_key(pack.key);
    if (!id || !may_use(*id)) return false;
    const auto found = state_.sink->stat(pack.key, context);
    return found && found->size == pack.size;
  });
}

bool WriterSession::commit(Manifest& manifest, const Context& context) {
  manifest.id = to_text(name_.session);
  const std::string key = manifest_key(name_);
  const Bytes object = seal_object(state_.keys, ObjectType::manifest, key, encode_manifest(manifest));
  const bool stored = put_own(state_, key, object, context);
  if (stored) signs_.stop();
  return stored;
}

void WriterSession::give_up(const Context& context) {
  put_tombstone(state_, name_.session, context);
  signs_.stop();
}

}  // namespace dbsnap
