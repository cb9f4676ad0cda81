// The running call's context, as a handle for a user's callback.
#pragma once

#include "guard.hpp"
#include "handles.hpp"

namespace dbsnap::capi {

inline dbsnap_context borrowed(const Context& context) { return {.own = {}, .borrowed = &context}; }

/// Runs a callback that reports through `dbsnap_error **`, and throws what it reports.
template <typename Call>
void run_callback(const char* what, Call&& call) {
  dbsnap_error* error = nullptr;
  const dbsnap_status status = call(&error);
  check_callback(status, error, what);
}

}  // namespace dbsnap::capi
