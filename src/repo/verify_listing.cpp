#include "repo/verify_listing.hpp"

#include <string>
#include <utility>

#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

void add_packs(const Manifest& manifest, NeededPacks& packs, VerifyFindings& findings) {
  for (const PackInfo& pack : manifest.packs) {
    if (const auto fault = packs.add(pack)) findings.add(manifest.id, pack.key, *fault);
  }
}

}  // namespace

std::optional<Manifest> read_again(const RepositoryState& state, const ListedSnapshot& snapshot,
                                   VerifyFindings& findings, const Context& context) {
  if (!snapshot.decodes) return std::nullopt;
  try {
    return load_manifest(state, snapshot.name, context);
  } catch (const Error& failure) {
    if (failure.code() == ErrorCode::not_found) return std::nullopt;
    if (failure.code() != ErrorCode::damaged) throw;
    findings.add(to_text(snapshot.name.session), failure, manifest_key(snapshot.name));
    return std::nullopt;
  }
}

std::vector<ListedSnapshot> list_snapshots(const RepositoryState& state, const std::vector<ManifestName>& names,
                                           NeededPacks& packs, VerifyFindings& findings, ProgressMeter& meter,
                                           const Context& context) {
  std::vector<ListedSnapshot> listed;
  for (const ManifestName& name : names) {
    const std::string id = to_text(name.session);
    meter.item(id);
    ListedSnapshot snapshot{.name = name};
    try {
      const Manifest manifest = load_manifest(state, name, context);
      add_packs(manifest, packs, findings);
      for (const ManifestEntry& entry : manifest.entries) {
        snapshot.rows += entry.chunks;
        snapshot.bytes += entry.size;
      }
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::not_found) continue;
      if (failure.code() != ErrorCode::damaged) throw;
      findings.add(id, failure, manifest_key(name));
      snapshot.decodes = false;
    }
    listed.push_back(std::move(snapshot));
    meter.add_items(1);
    meter.report();
  }
  return listed;
}

}  // namespace dbsnap
