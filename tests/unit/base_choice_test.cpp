// Whether a delta's bases are worth reading.
#include "repo/base_choice.hpp"

#include <doctest/doctest.h>

namespace dbsnap {
namespace {

constexpr std::uint64_t kFrame = 1U << 20;

TEST_CASE("bases that are at hand are read unless deltas are not wanted") {
  const BaseCost free{.new_bytes = kFrame, .fetch_bytes = 0};
  CHECK(reads_bases(BaseData::automatic, false, free));
  CHECK(reads_bases(BaseData::near, false, free));
  CHECK(reads_bases(BaseData::always, false, free));
  CHECK_FALSE(reads_bases(BaseData::never, false, free));
}

TEST_CASE("from a store whose reads are cheap every base is read") {
  const BaseCost dear{.new_bytes = 4096, .fetch_bytes = 100 * kFrame};
  CHECK(reads_bases(BaseData::automatic, true, dear));
  CHECK(reads_bases(BaseData::near, true, dear));
}

TEST_CASE("over a network no more is read than storing the new bytes whole would send") {
  CHECK(reads_bases(BaseData::automatic, false, {.new_bytes = kFrame, .fetch_bytes = kFrame / 2}));
  CHECK_FALSE(reads_bases(BaseData::automatic, false, {.new_bytes = kFrame, .fetch_bytes = kFrame / 2 + 1}));
}

TEST_CASE("only from near means that nothing is fetched, and always that everything may be") {
  const BaseCost small{.new_bytes = kFrame, .fetch_bytes = 1};
  const BaseCost dear{.new_bytes = 4096, .fetch_bytes = 100 * kFrame};
  CHECK_FALSE(reads_bases(BaseData::near, false, small));
  CHECK(reads_bases(BaseData::always, false, dear));
}

}  // namespace
}  // namespace dbsnap
