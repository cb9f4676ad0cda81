// Rows of chunk tables gathered by pack, within a bound.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <vector>

#include "harness/random_data.hpp"
#include "repo/expected_rows.hpp"

namespace dbsnap::testing {
namespace {

using Places = std::unordered_map<PackId, std::uint32_t, PackIdHash>;

PackId pack(std::uint32_t number) { return {.session = {}, .number = number}; }

ChunkRef row_of(std::uint32_t number, std::uint32_t frame, std::uint16_t slot) {
  ChunkRef row;
  row.id[0] = static_cast<std::byte>(number);
  row.id[1] = static_cast<std::byte>(frame);
  row.id[2] = static_cast<std::byte>(slot);
  row.at = {{pack(number), frame * 100, 100}, slot};
  row.length = 10;
  return row;
}

Places places_of(std::uint32_t packs) {
  Places places;
  for (std::uint32_t n = 0; n < packs; ++n) places.emplace(pack(n), n);
  return places;
}

TEST_CASE("every expected row comes up in exactly one pass, whatever the order and the bound") {
  constexpr std::uint32_t kPacks = 20;
  std::vector<ChunkRef> table;
  Random random(1);
  for (int n = 0; n < 3000; ++n) {
    table.push_back(row_of(static_cast<std::uint32_t>(random.below(kPacks + 2)),
                           static_cast<std::uint32_t>(random.below(5)), static_cast<std::uint16_t>(random.below(4))));
  }
  std::set<ExpectedRows::Row> expected;
  const Places places = places_of(kPacks);
  for (const ChunkRef& row : table) {
    if (!places.contains(row.at.frame.pack)) continue;
    expected.insert({row.at.frame.pack.number, row.at.frame.offset, row.at.frame.length, row.at.slot,
                     ExpectedRows::mark_of(row.id, row.length)});
  }
  for (const std::size_t most_rows : {1U, 10U, 64U, 10'000U}) {
    CAPTURE(most_rows);
    ExpectedRows rows(most_rows);
    std::vector<ExpectedRows::Row> seen;
    std::uint32_t passes = 0;
    for (std::uint32_t first = 0; first < kPacks; ++passes) {
      rows.begin(places, first);
      for (const ChunkRef& row : table) rows.add(row);
      const std::uint32_t end = rows.finish();
      REQUIRE(end > first);
      for (; first < end; ++first) {
        const auto of_pack = rows.of(first);
        seen.insert(seen.end(), of_pack.begin(), of_pack.end());
      }
    }
    CHECK(seen == std::vector(expected.begin(), expected.end()));
    CHECK((passes == 1) == (most_rows == 10'000));
  }
}

TEST_CASE("two ids for one chunk are two rows") {
  ExpectedRows rows(100);
  const Places places = places_of(1);
  rows.begin(places, 0);
  ChunkRef row = row_of(0, 1, 2);
  rows.add(row);
  row.id[5] = std::byte{9};
  rows.add(row);
  row.length = 11;
  rows.add(row);
  CHECK(rows.finish() == 1);
  CHECK(rows.of(0).size() == 3);
}

}  // namespace
}  // namespace dbsnap::testing
