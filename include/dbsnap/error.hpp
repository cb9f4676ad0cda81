// The one exception type, its stable codes, and their exit codes.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dbsnap/export.hpp"

namespace dbsnap {

/// What went wrong, stable for ever: numbers are never reused, new ones are only added. The C ABI's
/// dbsnap_status has the same numbers. docs/errors.md explains each one.
enum class ErrorCode : int {
  internal = 1,                    ///< a bug in dbsnap, or a failure that fits no other code
  invalid_argument = 2,            ///< the caller asked for something that makes no sense
  source_unreachable = 4,          ///< the database or folder to back up cannot be reached
  storage_unreachable = 5,         ///< the repository's storage cannot be reached
  no_space = 6,                    ///< disk full or quota reached
  access_refused = 7,              ///< the operating system or the server refused
  no_repository = 10,              ///< there is no repository at this place
  locked = 11,                     ///< another operation must finish first
  wrong_key = 12,                  ///< password does not open any key slot
  damaged = 20,                    ///< bytes read back are not the bytes written
  drill_failed = 21,               ///< a restore test ran and found a fault
  too_old = 22,                    ///< the newest snapshot is older than allowed
  target_not_empty = 23,           ///< restore target exists and overwrite was not asked for
  incompatible_version = 24,       ///< written by a newer dbsnap or a newer server
  point_in_time_unreachable = 25,  ///< no snapshot and log reach the requested time
  drill_not_run = 26,              ///< a restore test could not be carried out
  not_found = 40,                  ///< no such object, snapshot or entry
  already_exists = 41,             ///< create-if-absent met something
  not_a_database = 42,             ///< the source is not what its engine reads
  unsupported = 43,                ///< known, but this build or engine cannot do it
  io = 44,                         ///< reading or writing failed
  deadline_exceeded = 45,          ///< the context's deadline passed
  stopped_by_callback = 46,        ///< a callback of the caller asked to stop; the caller knows why
  target_busy = 47,                ///< restore target is in use by another process
  cancelled = 130,                 ///< the context's stop token was triggered
};

/// Name of a code as printed in `error[NAME]`, for example "no-repository". Never null.
DBSNAP_API std::string_view name_of(ErrorCode code) noexcept;

/// Exit code of the program for a code (docs/errors.md lists them).
DBSNAP_API int exit_code_of(ErrorCode code) noexcept;

/// Every failure of the library. A value type: copyable, holds no secret.
///
/// Messages are lower case, one line, name the object and end without a full stop. `why` holds the
/// other side's own words (an operating system or server message), `hint` one command to run next.
class DBSNAP_API Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message);

  /// Builders, so that a throw reads as a sentence: throw Error(code, "…").why("…").hint("…");
  Error&& why(std::string text) &&;
  Error&& hint(std::string command) &&;
  Error&& retryable(bool value = true) &&;
  Error&& native_code(long value) &&;
  Error&& had_no_effect(bool value = true) &&;
  Error&& with(std::string key, std::string value) &&;

  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::string& why() const& noexcept { return why_; }
  [[nodiscard]] const std::string& hint() const& noexcept { return hint_; }
  /// True when the same call may succeed later without a change by the caller.
  [[nodiscard]] bool retryable() const& noexcept { return retryable_; }
  /// True when the call surely changed nothing and never will, however late. A failed put without it may have arrived.
  [[nodiscard]] bool had_no_effect() const& noexcept { return had_no_effect_; }
  /// errno, SQLite extended code, HTTP status or 0.
  [[nodiscard]] long native_code() const& noexcept { return native_code_; }
  /// Facts for programs, in the order they were added: {"object", "packs/…"}.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& context() const noexcept { return context_; }

  [[nodiscard]] int exit_code() const noexcept { return exit_code_of(code_); }

 private:
  ErrorCode code_;
  bool retryable_ = false;
  bool had_no_effect_ = false;
  long native_code_ = 0;
  std::string message_;
  std::string why_;
  std::string hint_;
  std::vector<std::pair<std::string, std::string>> context_;
};

}  // namespace dbsnap
