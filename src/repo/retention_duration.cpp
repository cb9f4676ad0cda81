// Durations of retention rules, as people write them.
#include <string>

#include "dbsnap/error.hpp"
#include "dbsnap/retention.hpp"

namespace dbsnap {
namespace {

using std::chrono::seconds;

struct Unit {
  char letter;
  seconds length;
};

constexpr std::chrono::hours kDay(24);
constexpr Unit kUnits[] = {
    {'h', std::chrono::hours(1)}, {'d', kDay}, {'w', kDay * 7}, {'m', kDay * 30}, {'y', kDay * 365}};
/// 100 years: longer than any snapshot is kept, and far from the end of what nanoseconds hold.
constexpr seconds kLongest = kDay * 36500;

Error bad_duration(std::string_view text) {
  return Error(ErrorCode::invalid_argument,
               "invalid duration " + std::string(text) +
                   "; write a number with h, d, w, m (30 days) or y (365 days), such as 36h, 7d or 1y6m, "
                   "at most 100y");
}

}  // namespace

seconds parse_duration(std::string_view text) {
  seconds total(0);
  std::string_view rest = text;
  if (rest.empty()) throw bad_duration(text);
  while (!rest.empty()) {
    std::int64_t count = 0;
    std::size_t digits = 0;
    for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
      count = count * 10 + (rest[digits] - '0');
      if (count > kLongest / std::chrono::hours(1)) throw bad_duration(text);
    }
    if (digits == 0 || digits == rest.size()) throw bad_duration(text);
    const char letter = rest[digits];
    seconds length(0);
    for (const Unit& unit : kUnits) {
      if (unit.letter == letter) length = unit.length;
    }
    if (length == seconds(0)) throw bad_duration(text);
    total += count * length;
    if (total > kLongest) throw bad_duration(text);
    rest.remove_prefix(digits + 1);
  }
  return total;
}

}  // namespace dbsnap
