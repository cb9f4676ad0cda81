#include "repo/ledger.hpp"

#include <algorithm>
#include <optional>

#include "dbsnap/error.hpp"
#include "format/envelope.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kMostObjects = 8;
constexpr std::uint64_t kLastTime = (1ULL << 48) - 1;

// These end the verify; whatever else goes wrong with one object is no reason to.
bool ends_the_call(ErrorCode code) {
  return code == ErrorCode::cancelled || code == ErrorCode::deadline_exceeded ||
         code == ErrorCode::stopped_by_callback || code == ErrorCode::storage_unreachable;
}

void read_into(StoredLedger& stored, const RepositoryState& state, const std::string& key, const Context& context) {
  try {
    const Bytes object = state.sink->get(key, {}, context);
    add_to(stored.checks, decode_ledger(open_object(state.keys, ObjectType::ledger, key, object)));
  } catch (const Error& failure) {
    if (failure.code() == ErrorCode::not_found) return;  // merged by another verify since it was listed
    if (ends_the_call(failure.code())) throw;
    if (context.log) {
      context.log(LogLevel::warning, "what " + key + " says of earlier checks is not used: " + failure.message());
    }
    if (failure.code() != ErrorCode::damaged) return;
  }
  stored.keys.push_back(key);
}

void put_ledger(const RepositoryState& state, const Ledger& ledger, const Context& context) {
  const std::string key = new_ledger_key(context.clock->now());
  const Bytes object = seal_object(state.keys, ObjectType::ledger, key, encode_ledger(ledger));
  if (!put_own(state, key, object, context)) {
    throw Error(ErrorCode::internal, "the random name " + key + " is taken");
  }
}

}  // namespace

std::uint64_t ledger_time(TimePoint time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)), kLastTime);
}

std::uint64_t last_whole(const PackCheck& check, VerifyLevel level, std::uint64_t now) {
  const std::uint64_t time = level >= VerifyLevel::frames ? check.decoded : std::max(check.read, check.decoded);
  return time <= check.faulty || time > now ? 0 : time;
}

void add_to(Ledger& ledger, const Ledger& found) {
  for (const auto& [pack, check] : found) {
    PackCheck& known = ledger[pack];
    known.read = std::max(known.read, check.read);
    known.decoded = std::max(known.decoded, check.decoded);
    known.faulty = std::max(known.faulty, check.faulty);
  }
}

StoredLedger load_ledger(const RepositoryState& state, const Context& context) {
  std::vector<std::string> keys;
  state.sink->list(
      kCheckedPrefix,
      [&](const ObjectInfo& object) {
        keys.push_back(object.key);
        return true;
      },
      context);
  StoredLedger stored;
  for (const std::string& key : keys) read_into(stored, state, key, context);
  return stored;
}

void save_ledger(const RepositoryState& state, const StoredLedger& stored, const Ledger& found,
                 const std::function<bool(const PackId&)>& exists, const Context& context) {
  if (found.empty()) return;
  if (stored.keys.size() < kMostObjects) {
    put_ledger(state, found, context);
    return;
  }
  Ledger all = stored.checks;
  add_to(all, found);
  std::erase_if(all, [&](const auto& row) { return !exists(row.first); });
  put_ledger(state, all, context);
  for (const std::string& key : stored.keys) state.sink->remove(key, context);
}

}  // namespace dbsnap
