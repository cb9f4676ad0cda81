// The one place where C++ exceptions become statuses, and the helpers every entry point uses.
#pragma once

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "dbsnap.h"
#include "dbsnap/error.hpp"
#include "dbsnap/password.hpp"

namespace dbsnap::capi {

/// Call only in a catch block: stores the exception as a new dbsnap_error when `error` is wanted.
dbsnap_status report_current_exception(dbsnap_error** error) noexcept;

/// Runs `call`; nothing is ever thrown across the C boundary.
template <typename Call>
dbsnap_status guarded(dbsnap_error** error, Call&& call) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    std::forward<Call>(call)();
    return DBSNAP_OK;
  } catch (...) {
    return report_current_exception(error);
  }
}

/// For setters without a way to report: a failure, which can only be lack of memory, leaves things as they were.
template <typename Call>
void attempt(Call&& call) noexcept {
  guarded(nullptr, std::forward<Call>(call));
}

/// The object behind a pointer argument; Error{invalid_argument} when the caller passed NULL.
template <typename Object>
Object& required(Object* object, const char* name) {
  if (object == nullptr) throw Error(ErrorCode::invalid_argument, std::string("argument ") + name + " is NULL");
  return *object;
}

/// The same for text.
inline std::string_view required_text(const char* text, const char* name) { return &required(text, name); }

/// Overwrites a password when it ends.
class WipedPassword {
 public:
  explicit WipedPassword(std::string& password) noexcept : password_(password) {}
  ~WipedPassword() { wipe(password_); }
  WipedPassword(const WipedPassword&) = delete;
  WipedPassword& operator=(const WipedPassword&) = delete;

 private:
  std::string& password_;
};

/// Text for the caller to free with dbsnap_string_free().
char* copy_text(std::string_view text);

/// Turns what a user's callback returned into an exception; takes `error` over. `what` names the callback.
void check_callback(dbsnap_status status, dbsnap_error* error, const char* what);

/// Copies a table the user filled, reading no further than its struct_size; members past it are zero.
template <typename Table>
Table copy_table(const Table* table, const char* name) {
  const std::size_t given = required(table, name).struct_size;
  if (given < sizeof(std::size_t)) {
    throw Error(ErrorCode::invalid_argument, std::string(name) + " has no struct_size");
  }
  Table copy{};
  std::memcpy(static_cast<void*>(&copy), table, given < sizeof(Table) ? given : sizeof(Table));
  copy.struct_size = sizeof(Table);
  return copy;
}

/// Error{invalid_argument} unless the member of a user's table is there.
template <typename Member>
void require_member(Member member, const char* table, const char* name) {
  if (member == nullptr) throw Error(ErrorCode::invalid_argument, std::string(table) + " has no " + name);
}

}  // namespace dbsnap::capi
