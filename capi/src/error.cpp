// Statuses and error objects.
#include "dbsnap/error.hpp"

#include <algorithm>
#include <array>

#include "dbsnap/json.hpp"
#include "guard.hpp"
#include "handles.hpp"

namespace dbsnap::capi {
namespace {

struct CodePair {
  ErrorCode code;
  dbsnap_status status;
};

constexpr std::array kCodes{
    CodePair{ErrorCode::internal, DBSNAP_INTERNAL},
    CodePair{ErrorCode::invalid_argument, DBSNAP_INVALID_ARGUMENT},
    CodePair{ErrorCode::source_unreachable, DBSNAP_SOURCE_UNREACHABLE},
    CodePair{ErrorCode::storage_unreachable, DBSNAP_STORAGE_UNREACHABLE},
    CodePair{ErrorCode::no_space, DBSNAP_NO_SPACE},
    CodePair{ErrorCode::access_refused, DBSNAP_ACCESS_REFUSED},
    CodePair{ErrorCode::no_repository, DBSNAP_NO_REPOSITORY},
    CodePair{ErrorCode::locked, DBSNAP_LOCKED},
    CodePair{ErrorCode::wrong_key, DBSNAP_WRONG_KEY},
    CodePair{ErrorCode::damaged, DBSNAP_DAMAGED},
    CodePair{ErrorCode::drill_failed, DBSNAP_DRILL_FAILED},
    CodePair{ErrorCode::too_old, DBSNAP_TOO_OLD},
    CodePair{ErrorCode::target_not_empty, DBSNAP_TARGET_NOT_EMPTY},
    CodePair{ErrorCode::incompatible_version, DBSNAP_INCOMPATIBLE_VERSION},
    CodePair{ErrorCode::point_in_time_unreachable, DBSNAP_POINT_IN_TIME_UNREACHABLE},
    CodePair{ErrorCode::drill_not_run, DBSNAP_DRILL_NOT_RUN},
    CodePair{ErrorCode::not_found, DBSNAP_NOT_FOUND},
    CodePair{ErrorCode::already_exists, DBSNAP_ALREADY_EXISTS},
    CodePair{ErrorCode::not_a_database, DBSNAP_NOT_A_DATABASE},
    CodePair{ErrorCode::unsupported, DBSNAP_UNSUPPORTED},
    CodePair{ErrorCode::io, DBSNAP_IO},
    CodePair{ErrorCode::deadline_exceeded, DBSNAP_DEADLINE_EXCEEDED},
    CodePair{ErrorCode::stopped_by_callback, DBSNAP_STOPPED_BY_CALLBACK},
    CodePair{ErrorCode::target_busy, DBSNAP_TARGET_BUSY},
    CodePair{ErrorCode::cancelled, DBSNAP_CANCELLED},
};
static_assert(std::ranges::all_of(kCodes, [](CodePair pair) { return static_cast<int>(pair.code) == pair.status; }),
              "a code has the same number in C and C++");

const char* text_or_empty(const dbsnap_error* error, const std::string& (Error::*member)() const& noexcept) {
  return error == nullptr ? "" : (error->error.*member)().c_str();
}

const std::pair<std::string, std::string>* fact_at(const dbsnap_error* error, size_t index) {
  if (error == nullptr || index >= error->error.context().size()) return nullptr;
  return &error->error.context()[index];
}

}  // namespace

ErrorCode known_code(dbsnap_status status) noexcept {
  const auto found = std::ranges::find(kCodes, status, &CodePair::status);
  return found == kCodes.end() ? ErrorCode::internal : found->code;
}

}  // namespace dbsnap::capi

using dbsnap::Error;
using dbsnap::capi::attempt;
using dbsnap::capi::fact_at;

const char* dbsnap_status_name(dbsnap_status status) {
  // The names are string literals, so the view ends with a zero byte.
  return status == DBSNAP_OK ? "ok" : dbsnap::name_of(dbsnap::capi::known_code(status)).data();
}

void dbsnap_error_free(dbsnap_error* error) { delete error; }

dbsnap_status dbsnap_error_code(const dbsnap_error* error) {
  return error == nullptr ? DBSNAP_OK : static_cast<dbsnap_status>(error->error.code());
}

const char* dbsnap_error_name(const dbsnap_error* error) { return dbsnap_status_name(dbsnap_error_code(error)); }

const char* dbsnap_error_message(const dbsnap_error* error) { return error == nullptr ? "" : error->error.what(); }

const char* dbsnap_error_why(const dbsnap_error* error) { return dbsnap::capi::text_or_empty(error, &Error::why); }

const char* dbsnap_error_hint(const dbsnap_error* error) { return dbsnap::capi::text_or_empty(error, &Error::hint); }

bool dbsnap_error_retryable(const dbsnap_error* error) { return error != nullptr && error->error.retryable(); }

int64_t dbsnap_error_native_code(const dbsnap_error* error) {
  return error == nullptr ? 0 : error->error.native_code();
}

int32_t dbsnap_error_exit_code(const dbsnap_error* error) { return error == nullptr ? 0 : error->error.exit_code(); }

size_t dbsnap_error_context_count(const dbsnap_error* error) {
  return error == nullptr ? 0 : error->error.context().size();
}

const char* dbsnap_error_context_key(const dbsnap_error* error, size_t index) {
  const auto* fact = fact_at(error, index);
  return fact == nullptr ? nullptr : fact->first.c_str();
}

const char* dbsnap_error_context_value(const dbsnap_error* error, size_t index) {
  const auto* fact = fact_at(error, index);
  return fact == nullptr ? nullptr : fact->second.c_str();
}

const char* dbsnap_error_json(const dbsnap_error* error) {
  if (error == nullptr) return nullptr;
  attempt([&] {
    if (error->json.empty()) error->json = dbsnap::to_json(error->error);
  });
  return error->json.empty() ? nullptr : error->json.c_str();
}

dbsnap_error* dbsnap_error_create(dbsnap_status code, const char* message) {
  dbsnap_error* error = nullptr;
  attempt([&] {
    error = new dbsnap_error{Error(dbsnap::capi::known_code(code), message == nullptr ? "" : message), {}};
  });
  return error;
}

void dbsnap_error_set_why(dbsnap_error* error, const char* text) {
  if (error == nullptr || text == nullptr) return;
  attempt([&] {
    std::move(error->error).why(text);
    error->json.clear();
  });
}

void dbsnap_error_set_hint(dbsnap_error* error, const char* command) {
  if (error == nullptr || command == nullptr) return;
  attempt([&] {
    std::move(error->error).hint(command);
    error->json.clear();
  });
}

void dbsnap_error_set_retryable(dbsnap_error* error, bool retryable) {
  if (error == nullptr) return;
  std::move(error->error).retryable(retryable);
  error->json.clear();
}

void dbsnap_error_set_native_code(dbsnap_error* error, int64_t code) {
  if (error == nullptr) return;
  std::move(error->error).native_code(static_cast<long>(code));
  error->json.clear();
}

void dbsnap_error_add_context(dbsnap_error* error, const char* key, const char* value) {
  if (error == nullptr || key == nullptr || value == nullptr) return;
  attempt([&] {
    std::move(error->error).with(key, value);
    error->json.clear();
  });
}
