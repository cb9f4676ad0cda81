#include "repo/parent_choice.hpp"

#include <algorithm>

#include "dbsnap/error.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

using PackSizes = std::unordered_map<PackId, std::uint64_t, PackIdHash>;

bool is_whole(const Manifest& manifest, const PackSizes& packs) {
  return std::ranges::all_of(manifest.packs, [&](const PackInfo& pack) {
    const auto id = parse_pack_key(pack.key);
    const auto found = id ? packs.find(*id) : packs.end();
    return found != packs.end() && found->second == pack.size;
  });
}

}  // namespace

ParentChoice choose_parent(const RepositoryState& state, const std::string& source_key, const Context& context) {
  ParentChoice choice;
  const auto names = list_manifests(state, source_key, context);
  if (names.empty()) return choice;
  const auto damaged = list_ids(state, kDamagedPrefix, context);
  const PackSizes packs = list_packs(state, context);
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const std::string id = to_text(name->session);
    if (damaged.contains(id)) continue;
    try {
      Manifest manifest = load_manifest(state, *name, context);
      if (is_whole(manifest, packs)) {
        choice.manifest = std::move(manifest);
        return choice;
      }
      choice.warnings.push_back("snapshot " + id + " lacks data and was not compared with; run dbsnap verify");
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::not_found) continue;  // forgotten a moment ago
      if (failure.code() != ErrorCode::damaged) throw;
      choice.warnings.push_back(failure.message());
    }
  }
  return choice;
}

}  // namespace dbsnap
