#include "repo/verify_tables.hpp"

#include <string>
#include <unordered_map>

#include "dbsnap/error.hpp"
#include "repo/table_reader.hpp"

namespace dbsnap {
namespace {

/// Packs that a manifest lists, and whether it lists bases for each.
using Listed = std::unordered_map<PackId, bool, PackIdHash>;

Listed packs_of(const Manifest& manifest) {
  Listed listed;
  for (const PackInfo& pack : manifest.packs) {
    if (const auto id = parse_pack_key(pack.key)) listed.emplace(*id, !pack.bases.empty());
  }
  return listed;
}

void check_row(const ChunkRef& row, const Listed& listed, const ManifestEntry& entry) {
  const PackId& pack = row.at.frame.pack;
  const auto found = listed.find(pack);
  if (found == listed.end()) {
    throw Error(ErrorCode::damaged, "entry " + entry.name + " needs a pack that the manifest does not list")
        .with("object", pack_key(pack));
  }
  if (row.depth > 0 && !found->second) {
    throw Error(ErrorCode::damaged, "entry " + entry.name + " needs a delta whose bases the manifest does not list")
        .with("object", pack_key(pack));
  }
}

}  // namespace

void check_tables(FrameStore& frames, const Manifest& manifest, const Context& context,
                  const std::function<void(const ChunkRef&)>& visit) {
  const Listed listed = packs_of(manifest);
  for (const ManifestEntry& entry : manifest.entries) {
    const auto look = [&](const ChunkRef& row) {
      check_row(row, listed, entry);
      visit(row);
    };
    TableReader table(frames, entry);
    table.on_table_row([&](const ChunkRef& row, unsigned) { look(row); });
    for_each_chunk(table, entry, context, [&](const ChunkRef& row, std::uint64_t) { look(row); });
  }
}

}  // namespace dbsnap
