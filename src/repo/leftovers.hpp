// Leftovers: chunks that packs hold although no chunk table at hand names them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "dbsnap/context.hpp"
#include "format/pack_directory.hpp"
#include "repo/pack_closure.hpp"
#include "repo/state.hpp"
#include "repo/writer_view.hpp"

namespace dbsnap {

/// Whether a new snapshot may use the pack: an open prune has not condemned it.
using MayUsePack = std::function<bool(const PackId&)>;

/// What the end of a pack tells, read without the rest.
struct PackEnd {
  PackId id;
  WrittenPack pack;
  PackDirectory directory;
};
/// Reads directory and checksum of a pack of `size` bytes. Throws Error{damaged}.
PackEnd read_pack_end(const RepositoryState& state, const PackId& id, std::uint64_t size, const Context& context);

/// Chunks by id, gathered from pack directories. Memory is bounded: once the rows of about a million
/// chunks are gathered, further packs are not taken. Adding is for one thread; afterwards find() is
/// safe from many.
class Leftovers {
 public:
  /// Takes the chunks of a pack whose directory was read. Those of delta frames count only when
  /// `bases` holds all packs that the pack's deltas are based on. False when there is no room.
  bool add(const PackEnd& end, const std::set<PackId>& bases);
  /// Makes what was added findable.
  void settle();

  /// A stored chunk with this id and length.
  [[nodiscard]] std::optional<ChunkRef> find(const ChunkId& id, std::uint32_t length) const;
  /// All stored chunks with this id and length, in the order in which they were added.
  [[nodiscard]] std::vector<ChunkRef> find_all(const ChunkId& id, std::uint32_t length) const;

  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  /// The packs that were taken, with the bases that their usable chunks stand on.
  [[nodiscard]] const KnownPacks& packs() const noexcept { return packs_; }

 private:
  std::vector<ChunkRef> rows_;  // sorted by id once settled
  KnownPacks packs_;
};

/// What sessions of the source that never became a snapshot have left: newest session first. `known`
/// are the packs that the parent's manifest lists, `unusable` those of them that must not be used.
/// When some are unusable, the chunks of all others count too, since the parent's tables may be lost.
Leftovers gather_leftovers(const RepositoryState& state, const WriterView& view, std::string_view source_key,
                           const SessionId& own, const KnownPacks& known, const std::set<PackId>& unusable,
                           const MayUsePack& may_use, const Context& context);

}  // namespace dbsnap
