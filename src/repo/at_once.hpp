// At once: several independent calls to a store, as many under way as the store is glad to have.
#pragma once

#include <cstddef>
#include <functional>

#include "dbsnap/context.hpp"

namespace dbsnap {

/// Calls `work(i, context)` for every i below `count`, on up to `threads` threads, this one among them. The first
/// failure stops the others and is thrown. Returns when all have ended.
void at_once(std::size_t count, unsigned threads, const std::function<void(std::size_t, const Context&)>& work,
             const Context& context);

}  // namespace dbsnap
