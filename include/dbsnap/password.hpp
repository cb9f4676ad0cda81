// Where a repository's password comes from when the caller does not hold it already.
#pragma once

#include <optional>
#include <string>

#include "dbsnap/context.hpp"
#include "dbsnap/export.hpp"

namespace dbsnap {

struct PasswordOptions {
  /// File that holds the password, as given with --password-file; empty: look at the environment.
  std::string file = {};
  /// Name of the variable that holds the password; the other two end in _FILE and _COMMAND.
  std::string variable = "DBSNAP_PASSWORD";
};

/// The password from `options.file`, or else from the one environment variable that is set, by default one of
/// DBSNAP_PASSWORD, DBSNAP_PASSWORD_FILE (a path) and DBSNAP_PASSWORD_COMMAND (run by /bin/sh; what
/// it prints is the password). Line breaks at the end of a file or of what is printed do not count.
/// Nothing when none is given; a variable that is set to nothing counts as not set.
///
/// Throws invalid_argument when two variables are set, when the file or the command gives nothing
/// and when the command fails; for an unreadable file not_found, access_refused or io. No error
/// holds any part of the password or of the command.
DBSNAP_API std::optional<std::string> find_password(const PasswordOptions& options, const Context& context);

/// Overwrites a password that is no longer needed, in a way the compiler keeps; `secret` is empty then.
DBSNAP_API void wipe(std::string& secret) noexcept;

}  // namespace dbsnap
