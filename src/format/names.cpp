#include "format/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/hex.hpp"
#include "base/random.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kIdDigits = 2 * std::tuple_size_v<SessionId>;
constexpr std::size_t kTimeDigits = 12;
constexpr std::size_t kSourceDigits = 16;
constexpr std::size_t kKeyDigits = 16;
constexpr std::size_t kKeyObjectDigits = 32;
constexpr std::array<std::string_view, 3> kRoundParts{"plan", "verdict", "done"};  // in the order of RoundPart

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string time_digits(TimePoint time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return fmt::format("{:012x}", static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)) & 0xFFFF'FFFF'FFFFULL);
}

bool skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

SessionId new_session_id() {
  SessionId id{};
  fill_random(id);
  return id;
}

std::string to_text(const SessionId& id) { return to_hex(id); }

std::optional<SessionId> parse_session_id(std::string_view text) {
  if (text.size() != kIdDigits) return std::nullopt;
  const auto bytes = from_hex(text);
  if (!bytes) return std::nullopt;
  SessionId id{};
  std::ranges::copy(*bytes, id.begin());
  return id;
}

std::size_t PackIdHash::operator()(const PackId& id) const noexcept {
  std::uint64_t bits = 0;
  std::memcpy(&bits, id.session.data(), sizeof bits);
  return bits ^ (static_cast<std::uint64_t>(id.number) * 0x9E3779B97F4A7C15ULL);
}

std::string pack_key(const PackId& id) {
  const std::string session = to_text(id.session);
  return fmt::format("{}{}/{}-{}", kPackPrefix, session.substr(0, 2), session, id.number);
}

std::optional<PackId> parse_pack_key(std::string_view key) {
  std::string_view rest = key;
  if (!skip(rest, kPackPrefix) || rest.size() < 3 + kIdDigits + 2) return std::nullopt;
  const auto session = parse_session_id(rest.substr(3, kIdDigits));
  const auto number = parse_number(rest.substr(3 + kIdDigits + 1), 10);
  if (!session || !number || *number > UINT32_MAX) return std::nullopt;
  const PackId id{*session, static_cast<std::uint32_t>(*number)};
  if (pack_key(id) != key) return std::nullopt;
  return id;
}

std::string manifest_key(const ManifestName& name) {
  return fmt::format("{}{}/{}-{}", kSnapshotPrefix, name.source_key, time_digits(name.started), to_text(name.session));
}

std::optional<ManifestName> parse_manifest_key(std::string_view key) {
  std::string_view rest = key;
  if (!skip(rest, kSnapshotPrefix) || rest.size() != kSourceDigits + 1 + kTimeDigits + 1 + kIdDigits)
    return std::nullopt;
  const std::string_view source = rest.substr(0, kSourceDigits);
  const auto ms = parse_number(rest.substr(kSourceDigits + 1, kTimeDigits), 16);
  const auto session = parse_session_id(rest.substr(kSourceDigits + 1 + kTimeDigits + 1));
  if (!is_hex(source) || !ms || !session) return std::nullopt;
  // Twelve digits of milliseconds reach further than nanoseconds in 64 bits do.
  if (*ms > static_cast<std::uint64_t>(INT64_MAX / 1'000'000)) return std::nullopt;
  ManifestName name{std::string(source), TimePoint(std::chrono::milliseconds(*ms)), *session};
  if (manifest_key(name) != key) return std::nullopt;
  return name;
}

std::string key_object_key(const KeyName& name) { return fmt::format("{}{}/{}", kKeyPrefix, name.id, name.object); }

std::optional<KeyName> parse_key_object_key(std::string_view key) {
  std::string_view rest = key;
  if (!skip(rest, kKeyPrefix) || rest.size() != kKeyDigits + 1 + kKeyObjectDigits) return std::nullopt;
  KeyName name{std::string(rest.substr(0, kKeyDigits)), std::string(rest.substr(kKeyDigits + 1))};
  if (!is_hex(name.id) || !is_hex(name.object) || key_object_key(name) != key) return std::nullopt;
  return name;
}

std::string session_key(const SessionId& id) { return std::string(kSessionPrefix) + to_text(id); }
std::string forgotten_key(const SessionId& id) { return std::string(kForgottenPrefix) + to_text(id); }
std::string damaged_key(const SessionId& id) { return std::string(kDamagedPrefix) + to_text(id); }
std::string pin_prefix(const SessionId& id) { return std::string(kPinPrefix) + to_text(id) + "/"; }
std::string pending_prefix(const SessionId& id) { return std::string(kPendingPrefix) + to_text(id) + "/"; }
std::string alive_prefix(const SessionId& id) { return std::string(kAlivePrefix) + to_text(id) + "/"; }
std::string alive_key(const SessionId& id, std::uint64_t number) {
  return fmt::format("{}{}", alive_prefix(id), number);
}

std::string round_key(const RoundName& name) {
  return fmt::format("{}{}/{}", kRoundPrefix, name.number, kRoundParts.at(static_cast<std::size_t>(name.part)));
}

std::optional<RoundName> parse_round_key(std::string_view key) {
  std::string_view rest = key;
  if (!skip(rest, kRoundPrefix)) return std::nullopt;
  const auto number = parse_number(rest.substr(0, rest.find('/')), 10);
  if (!number || *number == 0) return std::nullopt;
  for (std::size_t part = 0; part < kRoundParts.size(); ++part) {
    const RoundName name{*number, static_cast<RoundPart>(part)};
    if (round_key(name) == key) return name;
  }
  return std::nullopt;
}
std::string new_ledger_key(TimePoint time) {
  return fmt::format("{}{}-{}", kCheckedPrefix, time_digits(time), random_hex(16));
}

}  // namespace dbsnap
