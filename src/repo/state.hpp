// What every operation on an open repository needs: the sink, the settings, the keys.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/secret.hpp"
#include "dbsnap/sink.hpp"
#include "format/config.hpp"
#include "format/keys.hpp"
#include "repo/stored_cache.hpp"

namespace dbsnap {

/// The key that a repository was opened with.
struct OpenedKey {
  SecretKey master;
  std::string id;
};

/// Shared by all handles of one open repository; immutable after opening.
class RepositoryState {
 public:
  /// `opened_in` is nothing for a repository that is not encrypted.
  RepositoryState(std::shared_ptr<Sink> sink_in, RepositoryConfig config_in, KeyRing keys_in,
                  std::optional<OpenedKey> opened_in = {}, std::shared_ptr<StoredCache> cache_in = {})
      : sink(std::move(sink_in)),
        config(std::move(config_in)),
        keys(std::move(keys_in)),
        opened(std::move(opened_in)),
        cache(std::move(cache_in)) {}

  /// Puts an object under a name that nothing else has; already_exists where the store can tell that something has.
  PutResult put_new(std::string_view key, ByteView bytes, const Context& context) const {
    return sink->put(key, bytes, {.if_absent = config.store.if_absent}, context);
  }

  /// The same for what must not reach the store a second time; see PutOptions::once.
  PutResult put_once(std::string_view key, ByteView bytes, const Context& context) const {
    return sink->put(key, bytes, {.if_absent = config.store.if_absent, .once = true}, context);
  }

  const std::shared_ptr<Sink> sink;
  const RepositoryConfig config;
  const KeyRing keys;
  const std::optional<OpenedKey> opened;
  const std::shared_ptr<StoredCache> cache;  ///< null where there is none
};

}  // namespace dbsnap
