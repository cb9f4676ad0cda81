#include "dbsnap/finding.hpp"

namespace dbsnap {

std::string_view name_of(Severity severity) noexcept {
  switch (severity) {
    case Severity::ok:
      return "ok";
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::failure:
      return "failure";
  }
  return "note";
}

}  // namespace dbsnap
