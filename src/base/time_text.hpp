// Times as text: RFC 3339 in UTC.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dbsnap/clock.hpp"

namespace dbsnap {

/// "2026-11-21T06:59:29Z", with as many digits of a fraction as the time needs.
std::string time_text(TimePoint time);

/// Reads "2026-11-21T06:59:29[.123](Z|+01:00)" and "2026-11-21[ 06:59[:29]]", which is taken as
/// UTC. 'T' and ' ' mean the same. Nothing when `text` is no such time, or is one that nanoseconds
/// since 1970 in 64 bits do not reach (before 1678 or after 2261).
std::optional<TimePoint> time_from_text(std::string_view text);

}  // namespace dbsnap
