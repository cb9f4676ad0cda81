// Prune candidates: the snapshots that exist, as far as prune looks at them.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "dbsnap/repository.hpp"
#include "format/names.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// A snapshot and the packs that it needs.
struct Candidate {
  ManifestName name;
  SnapshotSummary summary;
  std::vector<PackId> packs;
};

/// Manifests by session, each read once: they never change.
class CandidateReader {
 public:
  /// `state` is borrowed.
  explicit CandidateReader(const RepositoryState& state) : state_(state) {}

  /// The snapshots among `names`; fences and what was removed meanwhile are left out. Pins and damage marks are as of
  /// now. A manifest that cannot be read throws Error{damaged}: nobody knows which packs it needs.
  std::vector<Candidate> read(const std::vector<ManifestName>& names, const Context& context);

 private:
  const RepositoryState& state_;
  std::map<SessionId, Candidate> known_;
};

/// Packs that the candidates need, without those of the snapshots in `removed`.
std::set<PackId> packs_of(const std::vector<Candidate>& candidates, const std::set<std::string>& removed = {});

}  // namespace dbsnap
