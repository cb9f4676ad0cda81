// Keyless verify: packs compared with the checksums in them, without a password.
#pragma once

#include <memory>

#include "dbsnap/repository.hpp"

namespace dbsnap {

/// Reads what `options` asks for of all packs in `sink`, which must hold a repository.
VerifyReport run_keyless_verify(Sink& sink, const KeylessOptions& options, const Context& context);

}  // namespace dbsnap
