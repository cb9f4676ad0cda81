// Sink: where a repository's objects are kept. Implement this to plug in a store of your own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/finding.hpp"

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
  /// SHA-256 of the object's bytes by the store's own reckoning when they arrived, where it keeps one. Only stat()
  /// tells.
  std::optional<std::array<std::byte, 32>> sha256 = {};
};

struct PutOptions {
  /// Store only when no object has this key; see Sink::put.
  bool if_absent = false;
  /// Send at most once: a put whose outcome is not known must not be tried again under the same key, for a late
  /// arrival could bring an object back that was removed meanwhile. What throws Error{had_no_effect} may be repeated.
  bool once = false;
};

enum class PutResult { stored, already_exists };

/// Calls made to a store, and the objects' bytes that went either way.
struct SinkCounts {
  std::uint64_t puts = 0;
  std::uint64_t gets = 0;
  std::uint64_t stats = 0;
  std::uint64_t lists = 0;
  std::uint64_t removes = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  [[nodiscard]] std::uint64_t requests() const noexcept { return puts + gets + stats + lists + removes; }
};

/// What a sink can promise. The conformance suite checks what is declared here.
struct SinkCapabilities {
  bool if_absent = true;         ///< put(if_absent) is decided by the store, also between processes
  bool list_after_write = true;  ///< list() shows every object whose put has returned
  bool cheap_reads = false;      ///< a ranged get costs about as much as reading a local file
  unsigned parallel = 1;         ///< calls worth having under way at once; more wait their turn or cost more
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

  /// Size of the object and what else the store knows of it, or nothing when there is none. Doubt is an error, never
  /// "nothing".
  virtual std::optional<ObjectInfo> stat(std::string_view key, const Context& context) = 0;

  /// Calls `visitor` once for every object whose key starts with `prefix` (any prefix, not only
  /// whole segments; empty means all), in any order; stops early when it returns false. Objects put or removed
  /// meanwhile may or may not be shown. A listing that cannot be completed throws: it never ends early in silence.
  virtual void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
                    const Context& context) = 0;

  /// Removes the object; an absent one is success. Durable when it returns: an object that was removed
  /// first never comes back while one that was removed after it is gone.
  virtual void remove(std::string_view key, const Context& context) = 0;

  /// Removes several objects, in any order; when it returns all are gone as after remove(). When it throws, any of them
  /// may be. Override it where a store can do many with one call; otherwise each is removed by remove().
  virtual void remove_all(std::span<const std::string> keys, const Context& context);

  [[nodiscard]] virtual SinkCapabilities capabilities() const = 0;

  /// What only this kind of store can say about itself: clock skew, rules that would delete objects, free space.
  /// Changes nothing that is stored. A check that could not be made is a finding too, never an exception.
  virtual std::vector<Finding> examine(const Context& context);

  /// Where this is, for people; secrets removed.
  [[nodiscard]] virtual std::string url() const = 0;
};

}  // namespace dbsnap
