// Making and opening a repository.
#pragma once

#include <memory>

#include "base/crypto.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/repository.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// The first key, then the config with create-if-absent: of several that create at once one wins, and a crash in
/// between leaves no repository. `cost` is that of the first key.
std::shared_ptr<RepositoryState> create_repository(std::shared_ptr<Sink> sink, const CreateOptions& options,
                                                   const ScryptCost& cost, const Context& context);

/// The config, which anybody can read. Throws Error{no_repository}, Error{damaged} or Error{incompatible_version}.
RepositoryConfig read_config(Sink& sink, const Context& context);

/// Throws Error{no_repository}, Error{wrong_key} (also for a password to a repository that is not encrypted),
/// Error{damaged} or Error{incompatible_version}.
std::shared_ptr<RepositoryState> open_repository(std::shared_ptr<Sink> sink, const OpenOptions& options,
                                                 const Context& context);

}  // namespace dbsnap
