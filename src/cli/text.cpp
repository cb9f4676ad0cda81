// Sizes, durations and ids as people read and type them.
#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "dbsnap/error.hpp"
#include "dbsnap/json.hpp"

namespace dbsnap::cli {
namespace {

constexpr std::size_t kShortIdDigits = 8;
constexpr std::array<std::string_view, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

}  // namespace

std::string size_text(std::uint64_t size_bytes) {
  if (size_bytes < 1024) return fmt::format("{} B", size_bytes);
  double value = static_cast<double>(size_bytes);
  std::size_t unit = 0;
  // 1023.5 and more would be shown as "1024" of the smaller unit.
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return value < 9.95 ? fmt::format("{:.1f} {}", value, kUnits.at(unit))
                      : fmt::format("{:.0f} {}", value, kUnits.at(unit));
}

std::string elapsed_text(std::chrono::nanoseconds elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  if (seconds < 9.95) return fmt::format("{:.1f} s", std::max(seconds, 0.0));
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string table_time(TimePoint time) {
  std::string text = format_time(std::chrono::floor<std::chrono::seconds>(time));
  if (!text.empty() && text.back() == 'Z') text.pop_back();
  std::ranges::replace(text, 'T', ' ');
  return text;
}

std::string counted(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string short_id(std::string_view id) { return std::string(id.substr(0, kShortIdDigits)); }

std::size_t distinct_prefix(const std::vector<std::string>& ids) {
  std::vector<std::string> sorted = ids;
  std::ranges::sort(sorted);
  std::size_t digits = kShortIdDigits;
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const auto [left, right] = std::ranges::mismatch(sorted[i - 1], sorted[i]);
    if (left == sorted[i - 1].end()) continue;  // equal ids never tell each other apart
    digits = std::max(digits, static_cast<std::size_t>(left - sorted[i - 1].begin()) + 1);
  }
  return digits;
}

std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string joined(const std::vector<std::string>& items, std::string_view separator) {
  return fmt::format("{}", fmt::join(items, separator));
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "_-./:=@%+,";
  const bool plain = !text.empty() && std::ranges::all_of(text, [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kPlain.find(c) != std::string_view::npos;
  });
  if (plain) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace dbsnap::cli
