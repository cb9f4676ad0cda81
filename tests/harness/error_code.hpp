// What a call throws, as a value to compare.
#pragma once

#include <functional>
#include <optional>

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

}  // namespace dbsnap::testing
