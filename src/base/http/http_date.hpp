// The time in an HTTP header.
#pragma once

#include <optional>
#include <string>

#include "dbsnap/clock.hpp"

namespace dbsnap {

/// Time of a `Date` or `Last-Modified` header; nothing when it is none.
std::optional<TimePoint> parse_http_date(const std::string& text);

}  // namespace dbsnap
