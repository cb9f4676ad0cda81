// Ledger: what earlier verifies found, kept in the repository. It decides what is read next; nothing else rests on it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dbsnap/repository.hpp"
#include "format/ledger_codec.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// `time` as the ledger counts it.
std::uint64_t ledger_time(TimePoint time);
/// When the pack was last found whole at `level` or deeper, 0 when never: also when it was found damaged
/// since, or when the time is later than `now`, because some clock was wrong then.
std::uint64_t last_whole(const PackCheck& check, VerifyLevel level, std::uint64_t now);
/// Adds what `found` knows. The order in which ledgers are added makes no difference.
void add_to(Ledger& ledger, const Ledger& found);

/// What the repository remembers.
struct StoredLedger {
  Ledger checks;
  std::vector<std::string> keys;  ///< objects whose content is in `checks`, or that are damaged
};
/// An object that cannot be read is as if absent, with a warning in the log.
StoredLedger load_ledger(const RepositoryState& state, const Context& context);

/// Puts `found` as one object. When there are then more than eight, one that holds everything about packs
/// that `exists` takes their place. Throws what the store throws.
void save_ledger(const RepositoryState& state, const StoredLedger& stored, const Ledger& found,
                 const std::function<bool(const PackId&)>& exists, const Context& context);

}  // namespace dbsnap
