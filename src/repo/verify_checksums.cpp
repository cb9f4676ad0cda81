#include "repo/verify_checksums.hpp"

#include <mutex>
#include <vector>

#include "dbsnap/error.hpp"
#include "repo/at_once.hpp"

namespace dbsnap {
namespace {

StoredChecksum ask(const RepositoryState& state, const NeededPack& pack, const Context& context) {
  if (!pack.object_sha256) return StoredChecksum::unknown;
  const auto info = state.sink->stat(pack_key(pack.id), context);
  if (!info) return StoredChecksum::missing;
  if (!info->sha256) return StoredChecksum::unknown;
  return *info->sha256 == *pack.object_sha256 ? StoredChecksum::same : StoredChecksum::other;
}

}  // namespace

void compare_checksums(const RepositoryState& state, std::span<const NeededPack> packs,
                       const std::function<void(const NeededPack&, StoredChecksum)>& done, const Context& context) {
  std::vector<NeededPack> there;
  for (const NeededPack& pack : packs) {
    if (pack.there) there.push_back(pack);
  }
  std::mutex mutex;
  std::size_t unknown = 0;
  at_once(
      there.size(), state.sink->capabilities().parallel,
      [&](std::size_t i, const Context& inner) {
        const StoredChecksum answer = ask(state, there[i], inner);
        const std::scoped_lock lock(mutex);
        if (answer == StoredChecksum::unknown) ++unknown;
        done(there[i], answer);
      },
      context);
  if (unknown == 0 || unknown < there.size()) return;
  throw Error(ErrorCode::unsupported, "the store at " + state.sink->url() + " keeps no checksums of what it holds")
      .hint("dbsnap verify --level packs");
}

}  // namespace dbsnap
