// Pause: waiting for something that others do, while the caller may change its mind.
#pragma once

#include <chrono>

#include "dbsnap/context.hpp"

namespace dbsnap {

/// How often whoever waits looks whether the caller still wants it to.
inline constexpr std::chrono::milliseconds kCheckInterval{100};

/// Returns when the context's clock shows `time`; throws at once when the context is stopped, and when its deadline
/// passes.
void pause_until(const Context& context, MonotonicTime time);
/// The same for `length` from now.
void pause(const Context& context, std::chrono::nanoseconds length);

}  // namespace dbsnap
