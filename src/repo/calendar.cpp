#include "repo/calendar.hpp"

#include <fmt/format.h>

#include <chrono>

namespace dbsnap {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

std::string day_name(const year_month_day& date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

/// A week belongs to the year that its Thursday is in.
std::string week_name(sys_days day) {
  const auto weekday = static_cast<int>(std::chrono::weekday(day).iso_encoding());
  const sys_days thursday = day + days(4 - weekday);
  const std::chrono::year year = year_month_day(thursday).year();
  const auto week = (thursday - sys_days(year / std::chrono::January / 1)).count() / 7 + 1;
  return fmt::format("{:04}-W{:02}", static_cast<int>(year), week);
}

}  // namespace

std::string period_name(Period period, TimePoint time) {
  const auto day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  switch (period) {
    case Period::hour:
      return fmt::format("{} {:02}:00", day_name(date), std::chrono::floor<std::chrono::hours>(time - day).count());
    case Period::day:
      return day_name(date);
    case Period::week:
      return week_name(day);
    case Period::month:
      return fmt::format("{:04}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()));
    case Period::year:
      break;
  }
  return fmt::format("{:04}", static_cast<int>(date.year()));
}

}  // namespace dbsnap
