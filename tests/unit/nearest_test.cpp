// The word that was meant.
#include "base/nearest.hpp"

#include <doctest/doctest.h>

#include <array>

namespace dbsnap::testing {

TEST_CASE("nearest: the word with the fewest differences is found") {
  constexpr std::array<std::string_view, 4> kWords = {"region", "endpoint", "parallel", "part_size"};
  CHECK(nearest_word("regoin", kWords) == "region");
  CHECK(nearest_word("end-point", kWords) == "endpoint");
  CHECK(nearest_word("paralel", kWords) == "parallel");
  CHECK(nearest_word("region", kWords) == "region");
  CHECK(nearest_word("x", {}) == "");
}

}  // namespace dbsnap::testing
