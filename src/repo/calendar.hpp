// Calendar periods of UTC, by name.
#pragma once

#include <string>

#include "dbsnap/clock.hpp"

namespace dbsnap {

enum class Period { hour, day, week, month, year };

/// Name of the period that `time` falls in: "2026-11-21 06:00", "2026-11-21", "2026-W47" (the ISO
/// week, Monday to Sunday, with the ISO year), "2026-11" or "2026". Two times are in the same
/// period exactly when the names are equal.
std::string period_name(Period period, TimePoint time);

}  // namespace dbsnap
