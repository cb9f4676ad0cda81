// Moved rows: chunk tables written again, because packs that they name were put under another name.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "dbsnap/manifest.hpp"
#include "repo/store_services.hpp"

namespace dbsnap {

/// An entry that is stored, and what it was compared with.
struct StoredEntry {
  ManifestEntry entry;
  std::set<PackId> packs;                 ///< that its rows and those of its tables name
  const ManifestEntry* parent = nullptr;  ///< borrowed
};

/// Puts what the pack writer holds and makes every row of `entries` name packs that are in the store: tables that name
/// a moved pack are read, changed and stored once more. Data is not touched. Returns the packs that the session has put
/// in all. Throws Error{storage_unreachable} when packs move again and again.
KnownPacks settle_packs(std::vector<StoredEntry>& entries, const StoreServices& services);

}  // namespace dbsnap
