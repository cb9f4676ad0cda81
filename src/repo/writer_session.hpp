// Writer session: the steps by which whatever becomes a snapshot is safe beside prunes (docs/concurrency.md, W1 to W5).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/manifest.hpp"
#include "repo/life_signs.hpp"
#include "repo/sessions.hpp"

namespace dbsnap {

/// How often a running session shows that it is alive; a pruner's patience is several of these.
inline constexpr std::chrono::nanoseconds kSignOfLife = std::chrono::seconds(30);

/// One session, from its record to its manifest. One thread; may_use() from any.
class WriterSession {
 public:
  /// Puts the record of a new session (W1), then learns which packs are condemned (W2): whatever the session is to
  /// reference must be listed after this. References are borrowed.
  WriterSession(const RepositoryState& state, const Manifest& manifest, const Context& context);
  /// Ends the signs of life. A session that neither committed nor was given up is fenced by a later prune.
  ~WriterSession();
  WriterSession(const WriterSession&) = delete;
  WriterSession& operator=(const WriterSession&) = delete;

  [[nodiscard]] const SessionId& id() const noexcept { return name_.session; }
  /// False for a pack that an open round of pruning condemns: for this session it does not exist.
  [[nodiscard]] bool may_use(const PackId& pack) const;
  /// True when every pack of `packs` may be used and is there with its size; asks for each by its key.
  [[nodiscard]] bool can_reference(const std::vector<PackInfo>& packs, const Context& context) const;

  /// Puts `manifest`, whose id becomes the session's (W5). False when a prune took the session for dead and fenced it:
  /// begin another one. When it throws, the snapshot may exist; give_up() takes it back.
  bool commit(Manifest& manifest, const Context& context);
  /// Says that the session is over and is no snapshot. Its packs stay for whoever can use them.
  void give_up(const Context& context);

 private:
  const RepositoryState& state_;
  ManifestName name_;
  std::vector<PackId> condemned_;  // in order
  LifeSigns signs_;
};

}  // namespace dbsnap
