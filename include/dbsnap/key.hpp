// Keys of an encrypted repository: the passwords and recovery codes that open it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dbsnap/clock.hpp"
#include "dbsnap/export.hpp"

namespace dbsnap {

/// What opens a key: a password that people chose, or a code that dbsnap made.
enum class KeyKind { password, recovery };
/// Word for a kind as shown to people and in JSON, for example "recovery".
DBSNAP_API std::string_view name_of(KeyKind kind) noexcept;

/// One key of a repository. All of it is stored in clear: a label is no place for a secret.
struct KeyInfo {
  std::string id = {};  ///< 16 hex digits; stays the same when the password is changed
  KeyKind kind = KeyKind::password;
  std::string label = {};   ///< words for people, may be empty
  TimePoint created{};      ///< when this password was set, by the clock of the machine that did it
  bool current = false;     ///< this handle was opened with it
  bool good = true;         ///< false: what is stored of it opens nothing; the members above may be empty
  std::uint32_t older = 0;  ///< earlier passwords that still open it, because a change was broken off
};

struct RemoveKeyOptions {
  bool force = false;    ///< also the key that this handle was opened with
  bool dry_run = false;  ///< check whether it may go, and remove nothing
};

/// A new recovery key.
struct RecoveryKey {
  KeyInfo key;
  std::string code;  ///< accepted wherever a password is; nothing keeps it, so write it down
};

}  // namespace dbsnap
