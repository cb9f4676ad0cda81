// The known word that a mistyped one is closest to.
#pragma once

#include <span>
#include <string_view>

namespace dbsnap {

/// The candidate with the fewest letters to change, insert or leave out; empty when there is no candidate.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace dbsnap
