#include "repo/opening.hpp"

#include <utility>

#include "base/random.hpp"
#include "dbsnap/error.hpp"
#include "repo/key_objects.hpp"
#include "repo/store_probe.hpp"

namespace dbsnap {
namespace {

Error taken(const Sink& sink) {
  return Error(ErrorCode::already_exists, "there is a repository at " + sink.url() + " already").hint("dbsnap list");
}

std::shared_ptr<RepositoryState> make_state(std::shared_ptr<Sink> sink, const RepositoryConfig& config,
                                            std::optional<OpenedKey> opened, const std::optional<CacheOptions>& cache) {
  KeyRing keys(config.id, opened ? std::optional(opened->master) : std::nullopt);
  std::shared_ptr<StoredCache> cached;
  if (cache && !sink->capabilities().cheap_reads) cached = std::make_shared<StoredCache>(*cache, config.id);
  return std::make_shared<RepositoryState>(std::move(sink), config, std::move(keys), std::move(opened),
                                           std::move(cached));
}

void check_password(const CreateOptions& options) {
  if (options.encrypt && options.password.empty()) {
    throw Error(ErrorCode::invalid_argument, "an encrypted repository needs a password")
        .hint("export DBSNAP_PASSWORD_FILE=/path/to/password");
  }
  if (!options.encrypt && !options.password.empty()) {
    throw Error(ErrorCode::invalid_argument, "a password was given for a repository that is not to be encrypted");
  }
}

/// Puts the config. A loser of the race throws, after its key object is gone.
void put_config(Sink& sink, const RepositoryConfig& config, const std::optional<KeyName>& key, const Context& context) {
  // When this fails nobody knows whether the config is there. The key then stays: it opens it, or is never looked at.
  const PutOptions once{.if_absent = config.store.if_absent};
  const PutResult result = sink.put(kConfigKey, encode_config(config), once, context);
  if (result == PutResult::stored && config.store.if_absent) return;
  // A store that was asked twice, because the first answer was lost, says "taken" to the winner. One that does not
  // honour the condition says "stored" to a loser.
  if (read_config(sink, context).id == config.id) return;
  if (key) sink.remove(key_object_key(*key), unstoppable(context));
  throw taken(sink);
}

}  // namespace

RepositoryConfig read_config(Sink& sink, const Context& context) {
  try {
    return decode_config(sink.get(kConfigKey, {}, context));
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::not_found) throw;
    throw Error(ErrorCode::no_repository, "there is no repository at " + sink.url()).hint("dbsnap init " + sink.url());
  }
}

std::shared_ptr<RepositoryState> create_repository(std::shared_ptr<Sink> sink, const CreateOptions& options,
                                                   const ScryptCost& cost, const Context& context) {
  RepositoryConfig config{.format = 1,
                          .id = random_hex(16),
                          .encrypted = options.encrypt,
                          .chunk_size = options.chunk_size,
                          .frame_size = options.frame_size,
                          .pack_size = options.pack_size};
  check_sizes(config);
  check_password(options);
  if (sink->stat(kConfigKey, context)) throw taken(*sink);
  config.store = probe_store(*sink, context);
  std::optional<OpenedKey> opened;
  std::optional<KeyName> name;
  if (config.encrypted) {
    opened.emplace();
    opened->id = random_hex(8);
    fill_random(opened->master.bytes());
    const NewKey first{.kind = KeyKind::password, .label = {}, .created = context.clock->now(), .cost = cost};
    name = put_key(*sink, config, opened->id, first, options.password, opened->master, context);
  }
  put_config(*sink, config, name, context);
  return make_state(std::move(sink), config, std::move(opened), options.cache);
}

std::shared_ptr<RepositoryState> open_repository(std::shared_ptr<Sink> sink, const OpenOptions& options,
                                                 const Context& context) {
  const RepositoryConfig config = read_config(*sink, context);
  std::optional<OpenedKey> opened;
  if (!config.encrypted && !options.password.empty()) {
    // Whoever can write to the store could otherwise have the next snapshot written in clear.
    throw Error(ErrorCode::wrong_key,
                "a password was given, but the repository at " + sink->url() + " is not encrypted")
        .why("either it never was, or somebody has put another repository in its place")
        .hint("unset DBSNAP_PASSWORD DBSNAP_PASSWORD_FILE DBSNAP_PASSWORD_COMMAND");
  }
  if (config.encrypted) {
    if (options.password.empty()) {
      throw Error(ErrorCode::wrong_key, "the repository at " + sink->url() + " is encrypted and no password was given")
          .hint("export DBSNAP_PASSWORD_FILE=/path/to/password");
    }
    opened = unlock(*sink, config, options.password, context);
  }
  return make_state(std::move(sink), config, std::move(opened), options.cache);
}

}  // namespace dbsnap
