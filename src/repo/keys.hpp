// The keys of an open repository: list, add, change, remove.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/key.hpp"
#include "dbsnap/repository.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Newest first. Damaged keys are listed, too.
std::vector<KeyInfo> list_keys(const RepositoryState& state, const Context& context);

/// Adds a key; when this returns, its password opens the repository.
KeyInfo add_key(const RepositoryState& state, KeyKind kind, std::string_view password, const std::string& label,
                const ScryptCost& cost, const Context& context);

/// Replaces the password of key `id`: first the new one opens the repository, then the old one no longer does.
KeyInfo change_key(const RepositoryState& state, const std::string& id, std::string_view password,
                   const ScryptCost& cost, const Context& context);

/// Removes a key. Never the last one, and the one this handle was opened with only when told so.
KeyInfo remove_key(const RepositoryState& state, const std::string& id, const RemoveKeyOptions& options,
                   const Context& context);

/// What is wrong with the keys of a repository, as verify reports it.
std::vector<Damage> check_keys(const RepositoryState& state, const Context& context);

}  // namespace dbsnap
