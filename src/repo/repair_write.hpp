// Repair write: stores a damaged snapshot's content as a new snapshot.
#pragma once

#include <string>
#include <vector>

#include "dbsnap/manifest.hpp"
#include "repo/frame_store.hpp"
#include "repo/pack_closure.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Where the bytes of one chunk come from.
struct ChunkSource {
  ChunkRef row;
  bool rescue = false;  ///< read from where it is and stored anew, since its pack is damaged
};

/// Warning of a snapshot that stands for the damaged one `id`.
std::string rebuilt_from(const std::string& id);

/// Commits a snapshot with the source, times, tags and facts of `damaged`, whose entries are made of
/// `entries`, and returns its id. Nothing is committed unless every entry has the digest that
/// `damaged` says: Error{damaged}; or when a prune is in the way: Error{locked}. `known` are the packs that rows which
/// are not rescued lie in.
std::string write_rebuilt(const RepositoryState& state, const Manifest& damaged,
                          const std::vector<std::vector<ChunkSource>>& entries, const KnownPacks& known,
                          FrameStore& frames, unsigned threads, const Context& context);

}  // namespace dbsnap
