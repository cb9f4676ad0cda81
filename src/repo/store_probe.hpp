// Store probe: what a store really does, tried out instead of believed.
#pragma once

#include "dbsnap/context.hpp"
#include "dbsnap/sink.hpp"
#include "format/config.hpp"

namespace dbsnap {

/// Puts, lists and removes a small object below probe/. A store is taken to do what its sink declares and the trial
/// confirms: one that answers "stored" twice, or refuses the condition, does not honour create-if-absent.
StoreModes probe_store(Sink& sink, const Context& context);

}  // namespace dbsnap
