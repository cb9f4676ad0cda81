// Names and exit codes of error codes, and the builders of Error.
#include "dbsnap/error.hpp"

namespace dbsnap {

std::string_view name_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::internal:
      return "internal";
    case ErrorCode::invalid_argument:
      return "invalid-argument";
    case ErrorCode::source_unreachable:
      return "source-unreachable";
    case ErrorCode::storage_unreachable:
      return "storage-unreachable";
    case ErrorCode::no_space:
      return "no-space";
    case ErrorCode::access_refused:
      return "access-refused";
    case ErrorCode::no_repository:
      return "no-repository";
    case ErrorCode::locked:
      return "locked";
    case ErrorCode::wrong_key:
      return "wrong-key";
    case ErrorCode::damaged:
      return "damaged";
    case ErrorCode::drill_failed:
      return "drill-failed";
    case ErrorCode::too_old:
      return "too-old";
    case ErrorCode::target_not_empty:
      return "target-not-empty";
    case ErrorCode::incompatible_version:
      return "incompatible-version";
    case ErrorCode::point_in_time_unreachable:
      return "point-in-time-unreachable";
    case ErrorCode::drill_not_run:
      return "drill-not-run";
    case ErrorCode::not_found:
      return "not-found";
    case ErrorCode::already_exists:
      return "already-exists";
    case ErrorCode::not_a_database:
      return "not-a-database";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::io:
      return "io";
    case ErrorCode::deadline_exceeded:
      return "deadline-exceeded";
    case ErrorCode::stopped_by_callback:
      return "stopped-by-callback";
    case ErrorCode::target_busy:
      return "target-busy";
    case ErrorCode::cancelled:
      return "cancelled";
  }
  return "internal";
}

int exit_code_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::not_a_database:
    case ErrorCode::unsupported:
      return static_cast<int>(ErrorCode::invalid_argument);
    case ErrorCode::target_busy:
      return static_cast<int>(ErrorCode::target_not_empty);
    case ErrorCode::not_found:
    case ErrorCode::already_exists:
    case ErrorCode::io:
    case ErrorCode::deadline_exceeded:
    case ErrorCode::stopped_by_callback:
      return static_cast<int>(ErrorCode::internal);
    default:
      return static_cast<int>(code);
  }
}

Error::Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

Error&& Error::why(std::string text) && {
  why_ = std::move(text);
  return std::move(*this);
}

Error&& Error::hint(std::string command) && {
  hint_ = std::move(command);
  return std::move(*this);
}

Error&& Error::retryable(bool value) && {
  retryable_ = value;
  return std::move(*this);
}

Error&& Error::native_code(long value) && {
  native_code_ = value;
  return std::move(*this);
}

Error&& Error::had_no_effect(bool value) && {
  had_no_effect_ = value;
  return std::move(*this);
}

Error&& Error::with(std::string key, std::string value) && {
  context_.emplace_back(std::move(key), std::move(value));
  return std::move(*this);
}

}  // namespace dbsnap
