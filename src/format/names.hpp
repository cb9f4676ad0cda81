// Names: session ids, pack ids, and the keys of all objects of a repository.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dbsnap/bytes.hpp"
#include "dbsnap/clock.hpp"

namespace dbsnap {

/// Sixteen random bytes that name one session, and the snapshot it becomes. Never reused.
using SessionId = std::array<std::byte, 16>;

SessionId new_session_id();
std::string to_text(const SessionId& id);
/// Nothing unless `text` is 32 lower-case hex digits.
std::optional<SessionId> parse_session_id(std::string_view text);

/// One pack: the `number`-th of its session.
struct PackId {
  SessionId session{};
  std::uint32_t number = 0;
  auto operator<=>(const PackId&) const = default;
};

/// Spreads packs by their session and number; the bytes of a session id are random already.
struct PackIdHash {
  std::size_t operator()(const PackId& id) const noexcept;
};

inline constexpr std::string_view kConfigKey = "dbsnap.json";
inline constexpr std::string_view kKeyPrefix = "keys/";
inline constexpr std::string_view kPackPrefix = "packs/";
inline constexpr std::string_view kSessionPrefix = "sessions/";
inline constexpr std::string_view kSnapshotPrefix = "snapshots/";
inline constexpr std::string_view kForgottenPrefix = "forgotten/";
inline constexpr std::string_view kPinPrefix = "pins/";
inline constexpr std::string_view kDamagedPrefix = "damaged/";
inline constexpr std::string_view kAlivePrefix = "alive/";
inline constexpr std::string_view kPendingPrefix = "pending/";
inline constexpr std::string_view kRoundPrefix = "gc/";
inline constexpr std::string_view kProbePrefix = "probe/";
inline constexpr std::string_view kCheckedPrefix = "checked/";

/// "packs/<first two digits of the session id>/<session id>-<number>".
std::string pack_key(const PackId& id);
std::optional<PackId> parse_pack_key(std::string_view key);

/// "snapshots/<source key>/<start in ms, 12 hex digits>-<session id>": a listing of one source is in
/// order of start, so the parent of the next snapshot is found without reading any manifest.
struct ManifestName {
  std::string source_key;
  TimePoint started{};  ///< milliseconds count, the rest is cut off
  SessionId session{};
};
std::string manifest_key(const ManifestName& name);
std::optional<ManifestName> parse_manifest_key(std::string_view key);

/// "keys/<16 hex digits>/<32 hex digits>": a password's object below the key that it opens. A key whose password is
/// changed keeps its id and gets a new object.
struct KeyName {
  std::string id;
  std::string object;
  bool operator==(const KeyName&) const = default;
};
std::string key_object_key(const KeyName& name);
std::optional<KeyName> parse_key_object_key(std::string_view key);

std::string session_key(const SessionId& id);
std::string forgotten_key(const SessionId& id);
std::string damaged_key(const SessionId& id);
/// Folder of all pins of a snapshot, with its '/'.
std::string pin_prefix(const SessionId& id);
/// Folder of the notes about a snapshot's pending copies, with its '/'.
std::string pending_prefix(const SessionId& id);
/// Folder of a session's signs of life, with its '/'.
std::string alive_prefix(const SessionId& id);
/// "alive/<session id>/<number>": the `number`-th sign of life of a session.
std::string alive_key(const SessionId& id, std::uint64_t number);

/// The objects of one round of pruning, in the order in which they are put (docs/concurrency.md).
enum class RoundPart { plan, verdict, done };
/// "gc/<number>/plan" and so on; rounds count from 1.
struct RoundName {
  std::uint64_t number = 0;
  RoundPart part = RoundPart::plan;
  auto operator<=>(const RoundName&) const = default;
};
std::string round_key(const RoundName& name);
std::optional<RoundName> parse_round_key(std::string_view key);
/// "checked/<ms, 12 hex digits>-<32 random hex digits>": a new name for an object of the ledger.
std::string new_ledger_key(TimePoint time);

}  // namespace dbsnap
