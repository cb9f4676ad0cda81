// Sink: where a repository's objects are kept. Implement this to plug in a store of your own.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "dbsnap/bytes.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/export.hpp"

namespace dbsnap {

/// A slice of an object: `length` bytes from `offset`.
struct ByteRange {
  static constexpr std::uint64_t kToEnd = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t offset = 0;
  std::uint64_t length = kToEnd;
};

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;  ///< bytes
};

struct PutOptions {
  /// Store only when no object has this key; see Sink::put.
  bool if_absent = false;
};

enum class PutResult { stored, already_exists };

/// What a sink can promise. The conformance suite checks what is declared here.
struct SinkCapabilities {
  bool if_absent = true;         ///< put(if_absent) is decided by the store, also between processes
  bool list_after_write = true;  ///< list() shows every object whose put has returned
  bool cheap_reads = false;      ///< a ranged get costs about as much as reading a local file
};

/// A flat key-value store of write-once objects.
///
/// Keys are 1 to 512 bytes of [a-z0-9._-] in segments of at most 255 bytes joined by '/'; no segment
/// is empty, "." or "..", and no key is the leading part of another one up to a '/'. Objects are 0 bytes to 64 MiB. All
/// calls may be made from many threads at once. Calls fail by throwing Error: storage_unreachable (retryable) when the
/// store does not answer, access_refused, no_space, io otherwise; context.check() is honoured at least once per call
/// and about once a second while waiting.
class DBSNAP_API Sink {
 public:
  virtual ~Sink() = default;

  /// Stores `bytes` under `key`. Atomic: a reader sees the whole object or none of it, also after a
  /// crash. Durable: when it returns the object survives loss of power. With `if_absent` and an
  /// existing key, changes nothing and returns already_exists; of several concurrent callers
  /// exactly one gets `stored`. Without it an existing object is replaced (the repository never
  /// does that to an object that has been read).
  virtual PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) = 0;

  /// Returns the bytes of `range`; fewer only where the object ends earlier (an offset at or past
  /// the end gives none). Throws Error{not_found} when there is no such object.
  virtual Bytes get(std::string_view key, const ByteRange& range, const Context& context) = 0;

  /// Size of the object, or nothing when there is none. Doubt is an error, never "nothing".
  virtual std::optional<ObjectInfo> stat(std::string_view key, const Context& context) = 0;

  /// Calls `visitor` once for every object whose key starts with `prefix` (any prefix, not only
  /// whole segments; empty means all), in any order; stops early when it returns false. Objects put or removed
  /// meanwhile may or may not be shown. A listing that cannot be completed throws: it never ends early in silence.
  virtual void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
                    const Context& context) = 0;

  /// Removes the object; an absent one is success. Durable when it returns: an object that was removed
  /// first never comes back while one that was removed after it is gone.
  virtual void remove(std::string_view key, const Context& context) = 0;

  [[nodiscard]] virtual SinkCapabilities capabilities() const = 0;

  /// Where this is, for people; secrets removed.
  [[nodiscard]] virtual std::string url() const = 0;
};

}  // namespace dbsnap
