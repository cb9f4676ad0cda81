#include "repo/prune_candidates.hpp"

#include <utility>

#include "dbsnap/error.hpp"
#include "format/manifest_codec.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

Candidate candidate_of(const ManifestName& name, const Manifest& manifest) {
  Candidate candidate{.name = name, .summary = summary_of(manifest), .packs = {}};
  for (const PackInfo& pack : manifest.packs) {
    const auto id = parse_pack_key(pack.key);
    if (!id) throw Error(ErrorCode::damaged, "the manifest of snapshot " + manifest.id + " names no pack: " + pack.key);
    candidate.packs.push_back(*id);
  }
  return candidate;
}

}  // namespace

std::vector<Candidate> CandidateReader::read(const std::vector<ManifestName>& names, const Context& context) {
  const auto pinned = list_ids(state_, kPinPrefix, context);
  const auto damaged = list_ids(state_, kDamagedPrefix, context);
  std::vector<Candidate> candidates;
  for (const ManifestName& name : names) {
    context.check();
    auto found = known_.find(name.session);
    if (found == known_.end()) {
      const auto manifest = load_unless_fenced(state_, name, context);
      if (!manifest) continue;
      found = known_.emplace(name.session, candidate_of(name, *manifest)).first;
    }
    Candidate& candidate = candidates.emplace_back(found->second);
    candidate.summary.pinned = pinned.contains(candidate.summary.id);
    candidate.summary.good = !damaged.contains(candidate.summary.id);
  }
  return candidates;
}

std::set<PackId> packs_of(const std::vector<Candidate>& candidates, const std::set<std::string>& removed) {
  std::set<PackId> packs;
  for (const Candidate& candidate : candidates) {
    if (!removed.contains(candidate.summary.id)) packs.insert(candidate.packs.begin(), candidate.packs.end());
  }
  return packs;
}

}  // namespace dbsnap
