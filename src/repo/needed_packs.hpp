// Needed packs: the packs that the manifests to verify list, each once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/hash.hpp"
#include "dbsnap/manifest.hpp"
#include "format/names.hpp"

namespace dbsnap {

struct NeededPack {
  PackId id;
  std::uint64_t size = 0;
  Hash sha256{};
  std::optional<Hash> object_sha256 = {};  ///< where a manifest says it
  bool there = true;                       ///< listed by the store in its full size
};

/// About 150 bytes a pack.
class NeededPacks {
 public:
  using Sizes = std::unordered_map<PackId, std::uint64_t, PackIdHash>;
  /// What the store lists; borrowed.
  explicit NeededPacks(const Sizes& listed) : listed_(listed) {}

  /// Takes in a pack that a manifest lists; says what is wrong with it, if anything.
  std::optional<std::string> add(const PackInfo& pack);
  /// The chunk tables of this snapshot cannot be read: what they need of its packs is not known.
  void lose_table(const Manifest& manifest);
  [[nodiscard]] bool has_lost_table(const PackId& pack) const { return lost_tables_.contains(pack); }

  [[nodiscard]] const std::vector<NeededPack>& all() const noexcept { return packs_; }

 private:
  const Sizes& listed_;
  std::vector<NeededPack> packs_;
  std::unordered_map<PackId, std::uint32_t, PackIdHash> places_;  // in packs_
  std::unordered_set<PackId, PackIdHash> lost_tables_;
};

}  // namespace dbsnap
