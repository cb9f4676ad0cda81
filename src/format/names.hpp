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
inline constexpr std::string_view kPackPrefix = "packs/";
inline constexpr std::string_view kSessionPrefix = "sessions/";
inline constexpr std::string_view kSnapshotPrefix = "snapshots/";
inline constexpr std::string_view kForgottenPrefix = "forgotten/";
inline constexpr std::string_view kPinPrefix = "pins/";
inline constexpr std::string_view kDamagedPrefix = "damaged/";

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

std::string session_key(const SessionId& id);
std::string forgotten_key(const SessionId& id);
std::string damaged_key(const SessionId& id);
/// Folder of all pins of a snapshot, with its '/'.
std::string pin_prefix(const SessionId& id);

}  // namespace dbsnap
