// Scratch restore: a snapshot restored into a folder of its own, checked by its engine, and removed.
#pragma once

#include <memory>

#include "dbsnap/repository.hpp"
#include "repo/progress_meter.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Throws Error{damaged} when a byte is wrong or the engine does not accept the database.
void restore_to_scratch(const std::shared_ptr<RepositoryState>& state, const Manifest& manifest,
                        const VerifyOptions& options, ProgressMeter& meter, const Context& context);

}  // namespace dbsnap
