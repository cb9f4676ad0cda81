// Rounds: the objects below gc/ by which pruners agree on what goes. docs/concurrency.md has the protocol.
#pragma once

#include <cstdint>
#include <optional>

#include "format/round_codec.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// The newest round, and how far it is.
struct Round {
  std::uint64_t number = 0;  ///< 0: there was none yet
  bool done = true;
};

/// Lists, and looks by key whether there are newer ones than the listing shows.
Round newest_round(const RepositoryState& state, const Context& context);

/// False when the round has a plan already.
bool put_plan(const RepositoryState& state, std::uint64_t round, const RoundPlan& plan, const Context& context);
/// Nothing when the round has none, or it was tidied away.
std::optional<RoundPlan> find_plan(const RepositoryState& state, std::uint64_t round, const Context& context);

/// The plan of a round that was open a moment ago; nothing when it is done by now. Throws Error{damaged} when it is
/// open without a plan.
std::optional<RoundPlan> open_plan(const RepositoryState& state, std::uint64_t round, const Context& context);

/// The verdict that is to be carried out; nothing when the round has none yet, or is done.
std::optional<RoundVerdict> find_verdict(const RepositoryState& state, std::uint64_t round, const Context& context);
/// Puts a verdict and returns the one that holds: `own`, or the one that was there first. Nothing when the round is
/// done.
std::optional<RoundVerdict> settle_verdict(const RepositoryState& state, std::uint64_t round, const RoundVerdict& own,
                                           const Context& context);

/// Closes the round and removes plans and verdicts that nobody reads any more.
void finish_round(const RepositoryState& state, std::uint64_t round, const Context& context);

/// Packs that the newest round condemns while it is open, in order.
std::vector<PackId> condemned_packs(const RepositoryState& state, const Context& context);

}  // namespace dbsnap
