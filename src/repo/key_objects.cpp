#include "repo/key_objects.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/random.hpp"
#include "dbsnap/error.hpp"
#include "format/recovery_code.hpp"

namespace dbsnap {
namespace {

// More than a key object ever has; a reader stops there.
constexpr std::uint64_t kReadSize = 64U << 10;
// A store that somebody fills with forged keys costs the reader no more than this.
constexpr std::size_t kMostObjects = 1024;
constexpr std::uint64_t kMostWork = 1ULL << 24;  // n * r * p, 64 keys of the default cost

StoredKey read_key(Sink& sink, const RepositoryConfig& config, const KeyName& name, const Context& context) {
  StoredKey stored{.name = name, .slot = {}, .fault = {}};
  try {
    stored.slot = decode_key_slot(name, sink.get(key_object_key(name), {.offset = 0, .length = kReadSize}, context));
    if (stored.slot->repository != config.id) {
      stored.slot.reset();
      stored.fault = "key object " + key_object_key(name) + " belongs to another repository";
    }
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged && failure.code() != ErrorCode::incompatible_version) throw;
    stored.fault = failure.message();
  }
  return stored;
}

std::uint64_t work_of(const ScryptCost& cost) { return std::uint64_t{cost.n} * cost.r * cost.p; }

Error no_keys(const Sink& sink, const std::vector<StoredKey>& keys) {
  if (keys.empty()) {
    return Error(ErrorCode::damaged, "the repository at " + sink.url() + " is encrypted and holds no key")
        .why("without any object keys/… nothing can be read; bring that folder back from a copy of the repository")
        .with("object", std::string(kKeyPrefix));
  }
  return Error(ErrorCode::damaged, "the repository at " + sink.url() + " holds no key that is whole")
      .why(keys.front().fault)
      .with("object", key_object_key(keys.front().name));
}

Error no_match(const Sink& sink, const std::vector<StoredKey>& keys, const std::string& typing_fault) {
  Error error(ErrorCode::wrong_key, "the password does not open the repository at " + sink.url());
  if (!typing_fault.empty()) return std::move(error).why("if it is a recovery code: " + typing_fault);
  const auto broken = std::ranges::find_if(keys, [](const StoredKey& key) { return !key.slot; });
  return broken == keys.end() ? error : std::move(error).why("it could not be tried on every key: " + broken->fault);
}

// Whatever fails here must not hide why the key is not wanted.
void discard(Sink& sink, const KeyName& name, const Context& context) {
  try {
    sink.remove(key_object_key(name), unstoppable(context));
  } catch (const Error& failure) {
    if (!context.log) return;
    context.log(LogLevel::warning, "key object " + key_object_key(name) + " may be left behind: " + failure.message());
  }
}

}  // namespace

Context unstoppable(const Context& context) {
  Context free = context;
  free.stop = {};
  free.deadline.reset();
  return free;
}

std::vector<StoredKey> read_keys(Sink& sink, const RepositoryConfig& config, const Context& context) {
  std::vector<KeyName> names;
  const auto note = [&](const ObjectInfo& object) {
    if (auto name = parse_key_object_key(object.key)) names.push_back(*std::move(name));
    return names.size() <= kMostObjects;
  };
  sink.list(kKeyPrefix, note, context);
  if (names.size() > kMostObjects) {
    throw Error(ErrorCode::damaged, "the repository at " + sink.url() + " holds more keys than anybody has made")
        .with("object", std::string(kKeyPrefix));
  }
  std::vector<StoredKey> keys;
  for (const KeyName& name : names) {
    try {
      keys.push_back(read_key(sink, config, name, context));
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::not_found) throw;  // else removed since it was listed
    }
  }
  std::ranges::sort(keys, [](const StoredKey& left, const StoredKey& right) {
    if (!left.slot || !right.slot || left.slot->created == right.slot->created) {
      return std::tuple(!left.slot, std::string_view(left.name.object)) <
             std::tuple(!right.slot, std::string_view(right.name.object));
    }
    return left.slot->created > right.slot->created;
  });
  return keys;
}

OpenedKey unlock(Sink& sink, const RepositoryConfig& config, std::string_view password, const Context& context) {
  const std::vector<StoredKey> keys = read_keys(sink, config, context);
  if (std::ranges::none_of(keys, [](const StoredKey& key) { return key.slot.has_value(); })) throw no_keys(sink, keys);
  const TypedCode typed = read_recovery_code(password);
  std::uint64_t work = 0;
  const auto try_kind = [&](KeyKind kind, std::string_view secret) -> std::optional<OpenedKey> {
    for (const StoredKey& key : keys) {
      if (!key.slot || key.slot->kind != kind) continue;
      context.check();
      work += work_of(key.slot->cost);
      if (work > kMostWork) {
        throw Error(ErrorCode::damaged, "the keys of the repository at " + sink.url() + " take too long to try")
            .with("object", std::string(kKeyPrefix));
      }
      if (const auto master = open_key_slot(config, key.name, *key.slot, secret)) {
        return OpenedKey{.master = *master, .id = key.name.id};
      }
    }
    return std::nullopt;
  };
  std::optional<OpenedKey> opened;
  if (typed.code) opened = try_kind(KeyKind::recovery, typed.code->view());
  if (!opened) opened = try_kind(KeyKind::password, password);
  if (!opened) throw no_match(sink, keys, typed.fault);
  for (const StoredKey& key : keys) {
    if (!key.slot && context.log) context.log(LogLevel::warning, key.fault);
  }
  return *opened;
}

KeyName put_key(Sink& sink, const RepositoryConfig& config, const std::string& id, const NewKey& key,
                std::string_view password, const SecretKey& master, const Context& context) {
  const KeyName name{.id = id, .object = random_hex(16)};
  const Bytes bytes = encode_key_slot(name, seal_key_slot(config, name, key, password, master));
  try {
    // What the store answers does not count here, only what it gives back.
    sink.put(key_object_key(name), bytes, {.if_absent = config.store.if_absent}, context);
    const StoredKey stored = read_key(sink, config, name, context);
    const auto opened = stored.slot ? open_key_slot(config, name, *stored.slot, password) : std::nullopt;
    if (!opened || !(*opened == master)) {
      throw Error(ErrorCode::damaged, "the new key object " + key_object_key(name) + " does not open as it was written")
          .why(stored.fault)
          .with("object", key_object_key(name));
    }
  } catch (...) {
    discard(sink, name, context);
    throw;
  }
  return name;
}

}  // namespace dbsnap
