// Small typed facts that engines record in a manifest: page size, change counter, LSN, …
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

namespace dbsnap {

/// One recorded value. 64-bit unsigned facts that may exceed int64 are recorded as text.
using FactValue = std::variant<bool, std::int64_t, double, std::string>;
/// Facts by name, in snake_case with the unit last ("exclusive_ms").
using Facts = std::map<std::string, FactValue, std::less<>>;

}  // namespace dbsnap
