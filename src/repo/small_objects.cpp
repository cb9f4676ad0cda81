#include "repo/small_objects.hpp"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "dbsnap/error.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

struct ObjectClass {
  std::string_view prefix;
  ObjectType type;
};

constexpr std::array kClasses{
    ObjectClass{kSessionPrefix, ObjectType::session}, ObjectClass{kForgottenPrefix, ObjectType::forgotten},
    ObjectClass{kPinPrefix, ObjectType::pin},         ObjectClass{kDamagedPrefix, ObjectType::damage_mark},
    ObjectClass{kAlivePrefix, ObjectType::alive},     ObjectClass{kPendingPrefix, ObjectType::pending},
};

ObjectType type_of(RoundPart part) {
  constexpr std::array kTypes{ObjectType::round_plan, ObjectType::round_verdict, ObjectType::round_done};
  return kTypes.at(static_cast<std::size_t>(part));
}

std::vector<std::string> keys_below(const RepositoryState& state, std::string_view prefix, const Context& context) {
  std::vector<std::string> keys;
  state.sink->list(
      prefix,
      [&](const ObjectInfo& object) {
        keys.push_back(object.key);
        return true;
      },
      context);
  return keys;
}

class SmallObjectCheck {
 public:
  SmallObjectCheck(const RepositoryState& state,
                   const std::function<void(const std::string&, const std::string&)>& on_damage, const Context& context)
      : state_(state), on_damage_(on_damage), context_(context) {}

  std::uint64_t run() {
    for (const ObjectClass& one : kClasses) {
      for (const std::string& key : keys_below(state_, one.prefix, context_)) check(key, one.type);
    }
    for (const std::string& key : keys_below(state_, kRoundPrefix, context_)) {
      if (const auto name = parse_round_key(key)) check(key, type_of(name->part));
    }
    check_forgotten_manifests();
    return objects_;
  }

 private:
  // They can be brought back until a prune has removed them. Others are the business of whoever reads the snapshot.
  void check_forgotten_manifests() {
    const auto forgotten = list_ids(state_, kForgottenPrefix, context_);
    for (const std::string& key : keys_below(state_, kSnapshotPrefix, context_)) {
      const auto name = parse_manifest_key(key);
      if (!name || !forgotten.contains(to_text(name->session))) continue;
      const auto object = find_object(state_, key, context_);
      if (object && holds_fence(state_, key, *object)) {
        ++objects_;
      } else {
        check(key, ObjectType::manifest);
      }
    }
  }

  void check(const std::string& key, ObjectType type) {
    const auto object = find_object(state_, key, context_);
    if (!object) return;  // removed since it was listed
    ++objects_;
    try {
      open_object(state_.keys, type, key, *object);
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::damaged) throw;
      on_damage_(key, failure.message());
    }
  }

  const RepositoryState& state_;
  const std::function<void(const std::string&, const std::string&)>& on_damage_;
  const Context& context_;
  std::uint64_t objects_ = 0;
};

}  // namespace

std::uint64_t check_small_objects(const RepositoryState& state,
                                  const std::function<void(const std::string& key, const std::string& what)>& on_damage,
                                  const Context& context) {
  return SmallObjectCheck(state, on_damage, context).run();
}

}  // namespace dbsnap
