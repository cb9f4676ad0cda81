#include "repo/needed_packs.hpp"

#include <algorithm>

#include "base/hex.hpp"

namespace dbsnap {
namespace {

std::optional<Hash> hash_named(const std::string& hex) {
  const auto bytes = from_hex(hex);
  Hash hash;
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::ranges::copy(*bytes, hash.begin());
  return hash;
}

}  // namespace

std::optional<std::string> NeededPacks::add(const PackInfo& pack) {
  const auto id = parse_pack_key(pack.key);
  const auto sha256 = hash_named(pack.sha256);
  if (!id) return "the manifest names no pack with this key";
  if (!sha256) return "the manifest has no checksum of the pack";
  NeededPack needed{.id = *id, .size = pack.size, .sha256 = *sha256, .object_sha256 = hash_named(pack.object_sha256)};
  const auto found = listed_.find(*id);
  needed.there = found != listed_.end() && found->second == pack.size;
  const auto [place, added] = places_.try_emplace(*id, static_cast<std::uint32_t>(packs_.size()));
  if (added) packs_.push_back(needed);
  NeededPack& known = packs_[place->second];
  if (!known.object_sha256) known.object_sha256 = needed.object_sha256;
  const bool same_object = !needed.object_sha256 || known.object_sha256 == needed.object_sha256;
  if (known.size != needed.size || known.sha256 != needed.sha256 || !same_object) {
    return "the manifest says of the pack what another manifest does not";
  }
  if (needed.there) return std::nullopt;
  if (found == listed_.end()) return "the pack is missing";
  return "the pack has " + std::to_string(found->second) + " bytes, " + std::to_string(pack.size) + " were written";
}

void NeededPacks::lose_table(const Manifest& manifest) {
  for (const PackInfo& pack : manifest.packs) {
    if (const auto id = parse_pack_key(pack.key)) lost_tables_.insert(*id);
  }
}

}  // namespace dbsnap
