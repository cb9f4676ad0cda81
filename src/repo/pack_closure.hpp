// Pack closure: what is known of packs, and which of them a snapshot touches when it is read.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dbsnap/manifest.hpp"
#include "format/names.hpp"

namespace dbsnap {

/// A pack that is in the repository, and the packs its deltas are based on.
struct WrittenPack {
  std::string key;
  std::uint64_t size = 0;
  std::string sha256;         ///< as in PackInfo
  std::string object_sha256;  ///< as in PackInfo
  std::set<PackId> bases;
};
using KnownPacks = std::map<PackId, WrittenPack>;

/// The packs that a manifest lists. Throws Error{damaged} for a key that is none of a pack.
KnownPacks packs_of(const Manifest& manifest);

/// All packs that reading from `used` may touch: those and, step by step, those that their delta
/// frames are based on. Throws Error{internal} for one that is not in `known`.
std::vector<PackInfo> needed_packs(const std::set<PackId>& used, const KnownPacks& known);

/// `bad` and all packs with a delta that stands on one of them, however indirectly.
std::set<PackId> spoiled_packs(const KnownPacks& known, std::set<PackId> bad);

}  // namespace dbsnap
