#include "repo/repair_packs.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "format/byte_io.hpp"
#include "format/pack.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

constexpr std::string_view kFrameMagic = "DSFR";

bool about_damage(const Error& failure) {
  return failure.code() == ErrorCode::damaged || failure.code() == ErrorCode::not_found;
}

// Where the next frame may start, from `offset` on.
std::size_t next_magic(ByteView pack, std::size_t offset) {
  const std::size_t found = as_text(pack).find(kFrameMagic, offset);
  return found == std::string_view::npos ? pack.size() : found;
}

std::optional<FrameHeader> header_at(ByteView pack, std::size_t offset) {
  try {
    const FrameHeader header = decode_header(pack.subspan(offset));
    if (header.stored_size() <= pack.size() - offset) return header;
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
  }
  return std::nullopt;
}

}  // namespace

RepairPacks::RepairPacks(const RepositoryState& state, FrameStore& frames, KnownPacks known, const Context& context)
    : state_(state), frames_(frames), known_(std::move(known)), context_(context), there_(list_packs(state, context)) {}

bool RepairPacks::is_whole(const PackId& id) {
  const auto [seen, first] = whole_.try_emplace(id, false);
  if (!first) return seen->second;
  const auto pack = known_.find(id);
  const auto there = there_.find(id);
  if (pack == known_.end() || there == there_.end() || there->second != pack->second.size) return false;
  context_.check();
  try {
    seen->second = check_pack(state_.sink->get(pack->second.key, {}, context_), id) == pack->second.sha256;
  } catch (const Error& failure) {
    if (!about_damage(failure)) throw;
  }
  return seen->second;
}

bool RepairPacks::is_sound(const PackId& id) {
  std::set<PackId> seen;
  std::vector<PackId> open{id};
  while (!open.empty()) {
    const PackId next = open.back();
    open.pop_back();
    if (!seen.insert(next).second) continue;
    if (!is_whole(next)) return false;
    const auto& bases = known_.at(next).bases;
    open.insert(open.end(), bases.begin(), bases.end());
  }
  return true;
}

const PackDirectory* RepairPacks::directory(const PackId& id) {
  const auto [seen, first] = directories_.try_emplace(id);
  const auto there = there_.find(id);
  if (first && there != there_.end()) {
    try {
      seen->second = read_pack_end(state_, id, there->second, context_).directory;
    } catch (const Error& failure) {
      if (!about_damage(failure)) throw;
      seen->second = scan(id, there->second);
    }
  }
  return seen->second ? &*seen->second : nullptr;
}

// Frame headers are in clear, so the frames are found without a directory; ids come from decoded bytes.
PackDirectory RepairPacks::scan(const PackId& id, std::uint64_t size) {
  PackDirectory found;
  const Bytes pack = state_.sink->get(pack_key(id), {0, size}, context_);
  std::size_t offset = next_magic(pack, std::min(pack.size(), kPackHeaderSize));
  while (offset < pack.size()) {
    context_.check();
    const auto header = header_at(pack, offset);
    if (!header) {
      offset = next_magic(pack, offset + 1);
      continue;
    }
    const FrameRef place{id, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(header->stored_size())};
    try {
      const FramePtr frame = frames_.load(place, context_);
      DirectoryFrame listed{.place = place,
                            .depth = frame->depth(),
                            .entry = frame->prelude().entry,
                            .table_level = frame->prelude().table_level,
                            .slots = {}};
      for (std::size_t slot = 0; slot < frame->prelude().slots.size(); ++slot) {
        const ByteView bytes = frame->chunk(static_cast<std::uint16_t>(slot));
        const Slot& chunk = frame->prelude().slots[slot];
        listed.slots.push_back({state_.keys.chunk_id(bytes), chunk.offset, chunk.length});
      }
      for (const SlotRef& base : frame->prelude().bases) found.bases.insert(base.frame.pack);
      found.frames.push_back(std::move(listed));
      offset += header->stored_size();
    } catch (const Error& failure) {
      if (!about_damage(failure)) throw;
      offset = next_magic(pack, offset + 1);
    }
  }
  return found;
}

void RepairPacks::index_all() {
  index_.emplace();
  for (const auto& [id, pack] : known_) {
    const PackDirectory* const listed = directory(id);
    if (listed != nullptr && !index_->add({id, pack, *listed}, pack.bases)) break;
  }
  index_->settle();
}

std::optional<ChunkRef> RepairPacks::find_elsewhere(const ChunkId& id, std::uint32_t length) {
  if (!index_) index_all();
  for (const ChunkRef& row : index_->find_all(id, length)) {
    if (!is_sound(row.at.frame.pack)) continue;
    try {
      FramePtr keep;
      (void)frames_.chunk(row, keep, context_);
      return row;
    } catch (const Error& failure) {
      if (!about_damage(failure)) throw;
    }
  }
  return std::nullopt;
}

}  // namespace dbsnap
