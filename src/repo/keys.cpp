#include "repo/keys.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/random.hpp"
#include "dbsnap/error.hpp"
#include "repo/key_objects.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kMostKeys = 32;
constexpr std::size_t kShortestPrefix = 4;

const OpenedKey& opened_key(const RepositoryState& state) {
  if (state.opened) return *state.opened;
  throw Error(ErrorCode::invalid_argument,
              "the repository at " + state.sink->url() + " is not encrypted: it has no keys")
      .why("encryption is chosen when a repository is made");
}

std::vector<StoredKey> stored_keys(const RepositoryState& state, const Context& context) {
  return read_keys(*state.sink, state.config, context);
}

/// Key objects of one key, in the order of `keys`.
std::vector<StoredKey> objects_of(const std::vector<StoredKey>& keys, const std::string& id) {
  std::vector<StoredKey> objects;
  std::ranges::copy_if(keys, std::back_inserter(objects), [&](const StoredKey& key) { return key.name.id == id; });
  return objects;
}

bool is_good(const StoredKey& key) { return key.slot.has_value(); }

/// `objects` are those of one key, the newest good one first.
KeyInfo info_of(const std::vector<StoredKey>& objects, const std::string& current) {
  const StoredKey& newest = objects.front();
  KeyInfo info{.id = newest.name.id};
  info.current = info.id == current;
  info.good = is_good(newest);
  if (!newest.slot) return info;
  info.kind = newest.slot->kind;
  info.label = newest.slot->label;
  info.created = newest.slot->created;
  info.older = static_cast<std::uint32_t>(std::ranges::count_if(objects, is_good)) - 1;
  return info;
}

std::vector<KeyInfo> infos_of(const std::vector<StoredKey>& keys, const std::string& current) {
  std::vector<KeyInfo> infos;
  for (const StoredKey& key : keys) {
    if (std::ranges::find(infos, key.name.id, &KeyInfo::id) != infos.end()) continue;
    infos.push_back(info_of(objects_of(keys, key.name.id), current));
  }
  return infos;
}

/// Id of the one key that `text` names: all of its digits, or enough of them.
std::string resolve_key(const std::vector<StoredKey>& keys, const std::string& text) {
  std::vector<std::string> found;
  for (const StoredKey& key : keys) {
    if (text.size() < kShortestPrefix || !key.name.id.starts_with(text)) continue;
    if (std::ranges::find(found, key.name.id) == found.end()) found.push_back(key.name.id);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) throw Error(ErrorCode::not_found, "there is no key " + text).hint("dbsnap key list");
  throw Error(ErrorCode::invalid_argument, std::to_string(found.size()) + " keys start with " + text)
      .hint("dbsnap key list");
}

void check_new_password(std::string_view password) {
  if (password.empty()) throw Error(ErrorCode::invalid_argument, "the new password is empty");
}

// No two hosts hold each other off here: when both remove the last key but one, whoever sees nothing left puts back
// what it has removed.
void put_back(const RepositoryState& state, const std::map<std::string, Bytes>& removed, const Context& context) {
  const PutOptions once{.if_absent = state.config.store.if_absent};
  for (const auto& [key, bytes] : removed) state.sink->put(key, bytes, once, context);
}

// False when no other key is left: then nothing was removed. Nor is anything when it fails.
bool remove_unless_last(const RepositoryState& state, const std::vector<StoredKey>& going, const Context& context) {
  std::map<std::string, Bytes> removed;
  try {
    for (const StoredKey& key : going) {
      const std::string object = key_object_key(key.name);
      if (is_good(key)) removed[object] = state.sink->get(object, {}, context);
      state.sink->remove(object, context);
    }
    if (std::ranges::any_of(stored_keys(state, context), is_good)) return true;
  } catch (const Error&) {
    put_back(state, removed, context);
    throw;
  }
  put_back(state, removed, context);
  return false;
}

}  // namespace

std::vector<KeyInfo> list_keys(const RepositoryState& state, const Context& context) {
  return infos_of(stored_keys(state, context), opened_key(state).id);
}

KeyInfo add_key(const RepositoryState& state, KeyKind kind, std::string_view password, const std::string& label,
                const ScryptCost& cost, const Context& context) {
  const OpenedKey& opened = opened_key(state);
  check_new_password(password);
  check_label(label);
  if (list_keys(state, context).size() >= kMostKeys) {
    throw Error(ErrorCode::invalid_argument,
                "the repository has " + std::to_string(kMostKeys) + " keys, which is the most")
        .hint("dbsnap key list");
  }
  const NewKey key{.kind = kind, .label = label, .created = context.clock->now(), .cost = cost};
  const KeyName name = put_key(*state.sink, state.config, random_hex(8), key, password, opened.master, context);
  return {.id = name.id, .kind = kind, .label = label, .created = key.created};
}

KeyInfo change_key(const RepositoryState& state, const std::string& id, std::string_view password,
                   const ScryptCost& cost, const Context& context) {
  const OpenedKey& opened = opened_key(state);
  check_new_password(password);
  const std::vector<StoredKey> keys = stored_keys(state, context);
  const std::vector<StoredKey> before = objects_of(keys, resolve_key(keys, id));
  const std::string key_id = before.front().name.id;
  if (!before.front().slot) {
    throw Error(ErrorCode::damaged, "key " + key_id + " is damaged and cannot be changed")
        .why(before.front().fault)
        .hint("dbsnap key add, then dbsnap key remove " + key_id)
        .with("object", key_object_key(before.front().name));
  }
  if (before.front().slot->kind == KeyKind::recovery) {
    throw Error(ErrorCode::invalid_argument, "key " + key_id + " is a recovery key, which has no password to change")
        .hint("dbsnap key recovery, then dbsnap key remove " + key_id);
  }
  const NewKey key{
      .kind = KeyKind::password, .label = before.front().slot->label, .created = context.clock->now(), .cost = cost};
  put_key(*state.sink, state.config, key_id, key, password, opened.master, context);
  for (const StoredKey& old : before) {
    try {
      state.sink->remove(key_object_key(old.name), context);
    } catch (const Error& failure) {
      throw Error(failure.code(),
                  "the new password of key " + key_id + " opens the repository, but so does the old one")
          .why(failure.message())
          .hint("dbsnap key change " + key_id)
          .with("object", key_object_key(old.name));
    }
  }
  return {.id = key_id, .label = key.label, .created = key.created, .current = key_id == opened.id};
}

KeyInfo remove_key(const RepositoryState& state, const std::string& id, const RemoveKeyOptions& options,
                   const Context& context) {
  const OpenedKey& opened = opened_key(state);
  const std::vector<StoredKey> keys = stored_keys(state, context);
  const std::string chosen = resolve_key(keys, id);
  const auto stays = [&](const StoredKey& key) { return is_good(key) && key.name.id != chosen; };
  if (std::ranges::none_of(keys, stays)) {
    throw Error(ErrorCode::invalid_argument, "key " + chosen + " is the last one: without it nothing could be read")
        .hint("dbsnap key add");
  }
  if (chosen == opened.id && !options.force) {
    throw Error(ErrorCode::invalid_argument, "key " + chosen + " is the one this repository was opened with")
        .why("make sure that another password opens it, then remove this key with that one, or with --force")
        .hint("dbsnap key list");
  }
  const std::vector<StoredKey> going = objects_of(keys, chosen);
  const KeyInfo info = info_of(going, opened.id);
  if (options.dry_run) return info;
  if (!remove_unless_last(state, going, unstoppable(context))) {
    throw Error(ErrorCode::locked, "another process has removed the other keys meanwhile; the key was put back")
        .hint("dbsnap key list");
  }
  return info;
}

std::vector<Damage> check_keys(const RepositoryState& state, const Context& context) {
  std::vector<Damage> damage;
  if (!state.opened) return damage;
  for (const StoredKey& key : stored_keys(state, context)) {
    if (!is_good(key)) damage.push_back({.snapshot = {}, .object = key_object_key(key.name), .what = key.fault});
  }
  return damage;
}

}  // namespace dbsnap
