// Statuses and error objects.
#include "dbsnap/error.hpp"

#include "dbsnap/json.hpp"
#include "guard.hpp"
#include "handles.hpp"

using dbsnap::Error;
using dbsnap::ErrorCode;
using dbsnap::capi::attempt;

namespace dbsnap::capi {

ErrorCode known_code(dbsnap_status status) noexcept {
  switch (static_cast<ErrorCode>(status)) {
#define DBSNAP_CODE(cpp, c)                                                    \
  static_assert(static_cast<int>(ErrorCode::cpp) == (c), "codes have one number"); \
  case ErrorCode::cpp:                                                         \
    return ErrorCode::cpp;
    DBSNAP_CODE(internal, DBSNAP_INTERNAL)
    DBSNAP_CODE(invalid_argument, DBSNAP_INVALID_ARGUMENT)
#undef DBSNAP_CODE
  }
  return ErrorCode::internal;
}

}  // namespace dbsnap::capi
