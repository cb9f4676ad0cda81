// Key objects in the store: reading all of them, finding the one that a password opens, adding one for sure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/sink.hpp"
#include "format/key_slot.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// A key object as it lies in the store.
struct StoredKey {
  KeyName name;
  std::optional<KeySlot> slot;  ///< nothing when it opens nothing for sure
  std::string fault;            ///< why; empty with a slot
};

/// All key objects, newest first, damaged ones and those of other repositories last.
std::vector<StoredKey> read_keys(Sink& sink, const RepositoryConfig& config, const Context& context);

/// Tries `password`, also as a recovery code, on every key that it may fit. Throws Error{wrong_key} when none opens and
/// Error{damaged} when there is none to try.
OpenedKey unlock(Sink& sink, const RepositoryConfig& config, std::string_view password, const Context& context);

/// Context for putting things right after a failure: not stopped by what has stopped the operation.
Context unstoppable(const Context& context);

/// Puts a new object for key `id`, reads it back and opens it: when this returns, `password` opens the repository. When
/// it throws, the object is gone again or, if that fails too, a warning is logged that names it.
KeyName put_key(Sink& sink, const RepositoryConfig& config, const std::string& id, const NewKey& key,
                std::string_view password, const SecretKey& master, const Context& context);

}  // namespace dbsnap
