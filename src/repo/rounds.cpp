#include "repo/rounds.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dbsnap/error.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

bool is_there(const RepositoryState& state, std::uint64_t round, RoundPart part, const Context& context) {
  return state.sink->stat(round_key({round, part}), context).has_value();
}

std::vector<RoundName> list_rounds(const RepositoryState& state, const Context& context) {
  std::vector<RoundName> names;
  state.sink->list(
      kRoundPrefix,
      [&](const ObjectInfo& object) {
        if (const auto name = parse_round_key(object.key)) names.push_back(*name);
        return true;
      },
      context);
  return names;
}

Error no_plan(std::uint64_t round) {
  const std::string key = round_key({round, RoundPart::plan});
  return Error(ErrorCode::damaged, "the open round " + std::to_string(round) + " of pruning has no plan")
      .with("object", key);
}

std::optional<Bytes> payload_of(const RepositoryState& state, const RoundName& name, ObjectType type,
                                const Context& context) {
  const std::string key = round_key(name);
  const auto object = find_object(state, key, context);
  if (!object) return std::nullopt;
  return open_object(state.keys, type, key, *object);
}

}  // namespace

Round newest_round(const RepositoryState& state, const Context& context) {
  Round round;
  for (const RoundName& name : list_rounds(state, context)) round.number = std::max(round.number, name.number);
  // However little the listing shows: every round but the newest is done, and stays so in the store for ever.
  while (is_there(state, round.number + 1, RoundPart::done, context) ||
         is_there(state, round.number + 1, RoundPart::plan, context)) {
    ++round.number;
  }
  round.done = round.number == 0 || is_there(state, round.number, RoundPart::done, context);
  return round;
}

bool put_plan(const RepositoryState& state, std::uint64_t round, const RoundPlan& plan, const Context& context) {
  return put_object(state, ObjectType::round_plan, round_key({round, RoundPart::plan}), encode_plan(plan), context);
}

std::optional<RoundPlan> find_plan(const RepositoryState& state, std::uint64_t round, const Context& context) {
  if (round == 0) return std::nullopt;
  const auto payload = payload_of(state, {round, RoundPart::plan}, ObjectType::round_plan, context);
  if (!payload) return std::nullopt;
  return decode_plan(*payload);
}

std::optional<RoundVerdict> settle_verdict(const RepositoryState& state, std::uint64_t round, const RoundVerdict& own,
                                           const Context& context) {
  const std::string key = round_key({round, RoundPart::verdict});
  const bool won = put_object(state, ObjectType::round_verdict, key, encode_verdict(own), context);
  if (!won) return find_verdict(state, round, context);
  if (is_there(state, round, RoundPart::done, context)) return std::nullopt;
  return own;
}

std::optional<RoundVerdict> find_verdict(const RepositoryState& state, std::uint64_t round, const Context& context) {
  const auto payload = payload_of(state, {round, RoundPart::verdict}, ObjectType::round_verdict, context);
  // After reading: a verdict that was put when the first one had been carried out and tidied away is a second one.
  if (!payload || is_there(state, round, RoundPart::done, context)) return std::nullopt;
  return decode_verdict(*payload);
}

void finish_round(const RepositoryState& state, std::uint64_t round, const Context& context) {
  put_object(state, ObjectType::round_done, round_key({round, RoundPart::done}), "{}", context);
  for (const RoundName& name : list_rounds(state, context)) {
    if (name.number < round && name.part != RoundPart::done) state.sink->remove(round_key(name), context);
  }
}

std::optional<RoundPlan> open_plan(const RepositoryState& state, std::uint64_t round, const Context& context) {
  auto plan = find_plan(state, round, context);
  if (is_there(state, round, RoundPart::done, context)) return std::nullopt;
  if (!plan) throw no_plan(round);
  return plan;
}

std::vector<PackId> condemned_packs(const RepositoryState& state, const Context& context) {
  while (true) {
    context.check();
    const Round round = newest_round(state, context);
    if (round.done) return {};
    // Without one it was closed, and tidied away, a moment ago.
    if (auto plan = open_plan(state, round.number, context)) return std::move(plan->condemned);
  }
}

}  // namespace dbsnap
