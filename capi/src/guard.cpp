// Exceptions to statuses and back.
#include "guard.hpp"

#include <exception>
#include <memory>
#include <new>

#include "handles.hpp"

namespace dbsnap::capi {
namespace {

dbsnap_status store(dbsnap_error** error, const Error& failure) noexcept {
  if (error != nullptr) {
    try {
      *error = new dbsnap_error{failure, {}};
    } catch (...) {
      *error = nullptr;
    }
  }
  return static_cast<dbsnap_status>(failure.code());
}

dbsnap_status store_text(dbsnap_error** error, const char* message, const char* why) noexcept {
  try {
    return store(error, Error(ErrorCode::internal, message).why(why));
  } catch (...) {
    return DBSNAP_INTERNAL;
  }
}

}  // namespace

dbsnap_status report_current_exception(dbsnap_error** error) noexcept {
  try {
    throw;
  } catch (const Error& failure) {
    return store(error, failure);
  } catch (const std::bad_alloc&) {
    return store_text(error, "not enough memory", "");
  } catch (const std::exception& failure) {
    return store_text(error, "unexpected failure inside dbsnap", failure.what());
  } catch (...) {
    return store_text(error, "unexpected failure inside dbsnap", "");
  }
}

char* copy_text(std::string_view text) {
  char* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  text.copy(copy, text.size());
  copy[text.size()] = '\0';
  return copy;
}

void check_callback(dbsnap_status status, dbsnap_error* error, const char* what) {
  const std::unique_ptr<dbsnap_error> owned(error);
  if (status == DBSNAP_OK) return;
  if (owned != nullptr) throw owned->error;
  throw Error(known_code(status),
              std::string(status == DBSNAP_STOPPED_BY_CALLBACK ? "stopped by " : "failure in ") + what);
}

}  // namespace dbsnap::capi
