// Recovery code: a password that dbsnap makes, written so that people can copy it from paper.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace dbsnap {

/// A new code of 160 random bits: eight groups of five symbols, the last of each group its check.
/// Groups are joined by '-'; the symbols are the digits and letters without I, L, O and U.
SecretText new_recovery_code();

/// What somebody typed, taken for a recovery code.
struct TypedCode {
  std::optional<SecretText> code;  ///< the forty symbols alone when all checks hold
  std::string fault;               ///< what is wrong with text that looks like a code; holds nothing of it
};

/// Upper and lower case are the same, as are O and 0, I, L and 1, U and V; blanks, dots and dashes
/// of any kind do not count.
TypedCode read_recovery_code(std::string_view typed);

}  // namespace dbsnap
