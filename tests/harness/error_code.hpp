// What a call throws, as a value to compare.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "dbsnap/error.hpp"

namespace dbsnap::testing {

/// Code of the Error that `call` throws, or nothing when it throws none.
inline std::optional<ErrorCode> code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

/// The Error that `call` throws, or nothing when it throws none.
inline std::optional<Error> error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

/// A fact that an error carries; empty when it carries none of that name.
inline std::string fact_of(const Error& error, const std::string& name) {
  for (const auto& [key, value] : error.context()) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace dbsnap::testing
