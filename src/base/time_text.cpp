#include "base/time_text.hpp"

#include <fmt/format.h>

#include <chrono>

namespace dbsnap {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int kFirstYear = 1678;
constexpr int kLastYear = 2261;
constexpr unsigned kFractionDigits = 9;

/// Reads from the front of a text; every call says whether it found what it was asked for.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool done() const noexcept { return rest_.empty(); }

  bool any_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// A number of exactly `digits` digits.
  std::optional<int> number(unsigned digits) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }

 private:
  std::string_view rest_;
};

std::optional<std::chrono::sys_days> scan_date(Scanner& scanner) {
  const auto year = scanner.number(4);
  if (!year || !scanner.any_of("-")) return std::nullopt;
  const auto month = scanner.number(2);
  if (!month || !scanner.any_of("-")) return std::nullopt;
  const auto day = scanner.number(2);
  if (!day || *year < kFirstYear || *year > kLastYear) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

/// Digits behind a '.'; those past nanoseconds are read and dropped.
std::optional<nanoseconds> scan_fraction(Scanner& scanner) {
  std::int64_t value = 0;
  unsigned digits = 0;
  while (const auto digit = scanner.number(1)) {
    if (digits < kFractionDigits) value = value * 10 + *digit;
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  for (; digits < kFractionDigits; ++digits) value *= 10;
  return nanoseconds(value);
}

/// "HH:MM[:SS[.fraction]]". Second 60 is a leap second and counts as the start of the next minute.
std::optional<nanoseconds> scan_time_of_day(Scanner& scanner) {
  const auto hour = scanner.number(2);
  if (!hour || *hour > 23 || !scanner.any_of(":")) return std::nullopt;
  const auto minute = scanner.number(2);
  if (!minute || *minute > 59) return std::nullopt;
  nanoseconds time = hours(*hour) + minutes(*minute);
  if (!scanner.any_of(":")) return time;
  const auto second = scanner.number(2);
  if (!second || *second > 60) return std::nullopt;
  time += seconds(*second);
  if (!scanner.any_of(".")) return time;
  const auto fraction = scan_fraction(scanner);
  if (!fraction) return std::nullopt;
  return time + *fraction;
}

/// What follows the time: nothing or 'Z' for UTC, or how far local time is ahead of it.
std::optional<minutes> scan_offset(Scanner& scanner) {
  if (scanner.done() || scanner.any_of("Zz")) return minutes(0);
  const bool ahead = scanner.any_of("+");
  if (!ahead && !scanner.any_of("-")) return std::nullopt;
  const auto hour = scanner.number(2);
  if (!hour || *hour > 23 || !scanner.any_of(":")) return std::nullopt;
  const auto minute = scanner.number(2);
  if (!minute || *minute > 59) return std::nullopt;
  const minutes offset = hours(*hour) + minutes(*minute);
  return ahead ? offset : -offset;
}

}  // namespace

std::string time_text(TimePoint time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<nanoseconds> clock(time - day);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (const auto fraction = clock.subseconds().count(); fraction != 0) {
    text += fmt::format(".{:09}", fraction);
    while (text.ends_with('0')) text.pop_back();
  }
  return text + "Z";
}

std::optional<TimePoint> time_from_text(std::string_view text) {
  Scanner scanner(text);
  const auto day = scan_date(scanner);
  if (!day) return std::nullopt;
  TimePoint time(*day);
  if (scanner.done()) return time;
  if (!scanner.any_of("Tt ")) return std::nullopt;
  const auto time_of_day = scan_time_of_day(scanner);
  if (!time_of_day) return std::nullopt;
  const auto offset = scan_offset(scanner);
  if (!offset || !scanner.done()) return std::nullopt;
  time += *time_of_day - *offset;
  // A leap second or an offset may lead past the years whose text can be read.
  const int year = static_cast<int>(std::chrono::year_month_day(std::chrono::floor<days>(time)).year());
  if (year < kFirstYear || year > kLastYear) return std::nullopt;
  return time;
}

}  // namespace dbsnap
