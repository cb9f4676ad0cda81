// Finding: one thing that an examination of a store or a database has to say.
#pragma once

#include <string>
#include <string_view>

#include "dbsnap/export.hpp"

namespace dbsnap {

enum class Severity {
  ok,       ///< examined and fine
  note,     ///< worth knowing; nothing need be done
  warning,  ///< works now, and will bite later
  failure,  ///< does not work, or loses data
};
/// Word for a severity as shown to people and in JSON, for example "warning".
DBSNAP_API std::string_view name_of(Severity severity) noexcept;

struct Finding {
  Severity severity = Severity::ok;
  std::string check;  ///< stable name for programs: words joined by '-', for example "lifecycle-rules"
  std::string what;   ///< one line for people: lower case, no full stop, no secret
  std::string hint;   ///< one command to run next, or empty
};

}  // namespace dbsnap
