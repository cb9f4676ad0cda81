#include "base/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace dbsnap {
namespace {

std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates) {
  const auto found = std::ranges::min_element(
      candidates, {}, [&](std::string_view candidate) { return edit_distance(word, candidate); });
  return found == candidates.end() ? std::string_view() : *found;
}

}  // namespace dbsnap
