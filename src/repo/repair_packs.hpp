// Repair packs: which packs are whole, and what is in those that are not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "repo/frame_store.hpp"
#include "repo/leftovers.hpp"
#include "repo/pack_closure.hpp"

namespace dbsnap {

/// Looks at each pack at most once and remembers. One thread.
class RepairPacks {
 public:
  /// `known` are all packs that a manifest names. References are borrowed.
  RepairPacks(const RepositoryState& state, FrameStore& frames, KnownPacks known, const Context& context);

  /// True when the pack is there and every byte of it is as it was written.
  bool is_whole(const PackId& id);
  /// True when the pack and all that its deltas stand on are whole.
  bool is_sound(const PackId& id);
  /// What the pack holds: by its directory, or where that is damaged by a scan of its frames, those
  /// left out that cannot be read. Nothing for a pack that is gone.
  const PackDirectory* directory(const PackId& id);
  /// A stored chunk with these bytes in a sound pack, proven by decoding it.
  std::optional<ChunkRef> find_elsewhere(const ChunkId& id, std::uint32_t length);

  [[nodiscard]] const KnownPacks& known() const noexcept { return known_; }

 private:
  PackDirectory scan(const PackId& id, std::uint64_t size);
  void index_all();

  const RepositoryState& state_;
  FrameStore& frames_;
  const KnownPacks known_;
  const Context& context_;
  const std::unordered_map<PackId, std::uint64_t, PackIdHash> there_;
  std::map<PackId, bool> whole_;
  std::map<PackId, std::optional<PackDirectory>> directories_;
  std::optional<Leftovers> index_;  // of all directories, once it was needed
};

}  // namespace dbsnap
