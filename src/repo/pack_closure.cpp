#include "repo/pack_closure.hpp"

#include <algorithm>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap {

KnownPacks packs_of(const Manifest& manifest) {
  std::vector<PackId> ids;
  for (const PackInfo& pack : manifest.packs) {
    const auto id = parse_pack_key(pack.key);
    if (!id) throw Error(ErrorCode::damaged, "the manifest of snapshot " + manifest.id + " names no pack: " + pack.key);
    ids.push_back(*id);
  }
  KnownPacks known;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const PackInfo& pack = manifest.packs[i];
    WrittenPack& written = known[ids[i]];
    written = {pack.key, pack.size, pack.sha256, pack.object_sha256, {}};
    for (const std::uint32_t base : pack.bases) written.bases.insert(ids.at(base));
  }
  return known;
}

std::vector<PackInfo> needed_packs(const std::set<PackId>& used, const KnownPacks& known) {
  std::set<PackId> needed;
  std::vector<PackId> open(used.begin(), used.end());
  while (!open.empty()) {
    const PackId id = open.back();
    open.pop_back();
    if (!needed.insert(id).second) continue;
    const auto found = known.find(id);
    if (found == known.end()) {
      throw Error(ErrorCode::internal, "pack " + pack_key(id) + " is used but neither written now nor known before");
    }
    open.insert(open.end(), found->second.bases.begin(), found->second.bases.end());
  }
  std::vector<PackInfo> packs;
  std::map<PackId, std::uint32_t> position;
  for (const PackId& id : needed) position.emplace(id, static_cast<std::uint32_t>(position.size()));
  for (const PackId& id : needed) {
    const WrittenPack& pack = known.at(id);
    PackInfo info{pack.key, pack.size, pack.sha256, pack.object_sha256, {}};
    for (const PackId& base : pack.bases) info.bases.push_back(position.at(base));
    packs.push_back(std::move(info));
  }
  return packs;
}

std::set<PackId> spoiled_packs(const KnownPacks& known, std::set<PackId> bad) {
  bool grown = true;
  while (grown) {
    grown = false;
    for (const auto& [id, pack] : known) {
      if (bad.contains(id)) continue;
      if (std::ranges::none_of(pack.bases, [&](const PackId& base) { return bad.contains(base); })) continue;
      bad.insert(id);
      grown = true;
    }
  }
  return bad;
}

}  // namespace dbsnap
