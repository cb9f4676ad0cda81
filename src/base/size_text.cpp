// Sizes with their units, out of text.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

#include "dbsnap/error.hpp"
#include "dbsnap/size.hpp"

namespace dbsnap {
namespace {

std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

Error no_size(std::string_view text, std::string_view option) {
  return Error(ErrorCode::invalid_argument, std::string(option) + " cannot be \"" + printable(text) + "\"")
      .why("a size is a number with K, M, G or T behind it, for example 500, 64K or 1.5G");
}

}  // namespace

std::uint64_t parse_size(std::string_view text, std::string_view option) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || !std::isfinite(value) || value < 0) throw no_size(text, option);
  std::string unit(end, text.data() + text.size());
  std::ranges::transform(unit, unit.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string_view ending : {"/s", "b", "i"}) {
    if (unit.ends_with(ending)) unit.resize(unit.size() - ending.size());
  }
  constexpr std::string_view kPrefixes = "kmgt";
  const std::size_t power = unit.empty() ? 0 : kPrefixes.find(unit) + 1;
  if (unit.size() > 1 || (power == 0 && !unit.empty())) throw no_size(text, option);
  const double bytes = std::ldexp(value, static_cast<int>(power) * 10);
  if (bytes >= std::ldexp(1.0, 63)) throw no_size(text, option);
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace dbsnap
