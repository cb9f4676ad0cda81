// Content-defined cutting: bounds, independence from feeding, re-synchronisation, stability.
#include "format/chunker.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "base/hex.hpp"
#include "dbsnap/error.hpp"
#include "harness/random_data.hpp"

namespace dbsnap {
namespace {

using Lengths = std::vector<std::size_t>;

constexpr CutParameters kSmall{.min = 64, .average = 256, .max = 1024};

Bytes key_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return Bytes(bytes.begin(), bytes.end());
}

Lengths cut_all(const ContentCutter& cutter, ByteView bytes) {
  Lengths lengths;
  while (!bytes.empty()) {
    lengths.push_back(cutter.cut(bytes, true));
    bytes = bytes.subspan(lengths.back());
  }
  return lengths;
}

/// Cuts as a reader does that gets the bytes in pieces of the given sizes, used round and round.
Lengths cut_in_pieces(const ContentCutter& cutter, ByteView bytes, const std::vector<std::size_t>& pieces) {
  Lengths lengths;
  std::size_t start = 0, held = 0, piece = 0;
  while (start < bytes.size()) {
    const bool at_end = held == bytes.size();
    const std::size_t length = cutter.cut(bytes.subspan(start, held - start), at_end);
    if (length > 0) {
      lengths.push_back(length);
      start += length;
    } else {
      held = std::min(bytes.size(), held + pieces[piece++ % pieces.size()]);
    }
  }
  return lengths;
}

/// The rule of docs/format.md, hashing each candidate's window from nothing.
std::size_t cut_by_definition(const std::array<std::uint64_t, 256>& table, const CutParameters& bounds,
                              ByteView bytes) {
  const std::size_t normal = bounds.min + (bounds.average - bounds.min) / 4 * 3;
  const std::size_t end = std::min<std::size_t>(bytes.size(), bounds.max);
  for (std::size_t length = bounds.min; length <= end; ++length) {
    std::uint64_t hash = 0;
    for (const std::byte b : bytes.subspan(length - 64, 64)) hash = hash * 2 + table[std::to_integer<std::size_t>(b)];
    const std::uint64_t distance = length <= normal ? bounds.average * 4 : bounds.average / 4;
    if (hash < ~std::uint64_t{0} / distance) return length;
  }
  return end;
}

std::array<std::uint64_t, 256> table_by_definition(ByteView key) {
  std::array<std::uint64_t, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    Bytes message = key_of("dbsnap gear table 1");
    message.push_back(static_cast<std::byte>(i / 4));
    const Hash hash = hmac_sha256(key, message);
    for (std::size_t k = 8; k-- > 0;) table[i] = table[i] << 8 | std::to_integer<std::uint64_t>(hash[i % 4 * 8 + k]);
  }
  return table;
}

std::string fingerprint(const Lengths& lengths) {
  std::string text;
  for (const std::size_t length : lengths) text += std::to_string(length) + ' ';
  return to_hex(sha256(std::as_bytes(std::span(text)))).substr(0, 16);
}

std::set<std::string> pieces_of(ByteView bytes, const Lengths& lengths) {
  std::set<std::string> pieces;
  for (const std::size_t length : lengths) {
    pieces.emplace(reinterpret_cast<const char*>(bytes.data()), length);
    bytes = bytes.subspan(length);
  }
  return pieces;
}

/// Random data, with runs of one byte now and then.
Bytes some_bytes() {
  testing::Random random(*rc::gen::arbitrary<std::uint64_t>());
  const auto size = *rc::gen::inRange<std::size_t>(0, 20000);
  Bytes bytes = random.bytes(size);
  if (size > 0 && random.below(3) == 0) {
    const auto start = static_cast<std::ptrdiff_t>(random.below(size));
    std::fill(bytes.begin() + start, bytes.begin() + start + static_cast<std::ptrdiff_t>(size) / 2 - start / 2,
              std::byte{0});
  }
  return bytes;
}

}  // namespace

TEST_CASE("every chunk but the last is within bounds, and together they are the stream") {
  const ContentCutter cutter(kSmall, {});
  CHECK(rc::check([&] {
    const Bytes bytes = some_bytes();
    const Lengths lengths = cut_all(cutter, bytes);
    std::size_t total = 0;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      RC_ASSERT(lengths[i] <= kSmall.max);
      RC_ASSERT(lengths[i] > 0U);
      RC_ASSERT((i + 1 == lengths.size() || lengths[i] >= kSmall.min));
      total += lengths[i];
    }
    RC_ASSERT(total == bytes.size());
  }));
}

TEST_CASE("where a stream is cut does not depend on how its bytes arrive") {
  const ContentCutter cutter(kSmall, key_of("a key"));
  CHECK(rc::check([&] {
    const Bytes bytes = some_bytes();
    const auto pieces =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 3000)));
    RC_ASSERT(cut_in_pieces(cutter, bytes, pieces) == cut_all(cutter, bytes));
  }));
}

TEST_CASE("cuts are where the definition in docs/format.md puts them") {
  const Bytes key = key_of("a key");
  const ContentCutter cutter(kSmall, key);
  const auto table = table_by_definition(key);
  CHECK(rc::check([&] {
    const Bytes bytes = some_bytes();
    RC_ASSERT(cutter.cut(bytes, true) == cut_by_definition(table, kSmall, bytes));
  }));
}

TEST_CASE("after an insertion the stream is cut as before") {
  const ContentCutter cutter(kSmall, {});
  CHECK(rc::check([&] {
    testing::Random random(*rc::gen::arbitrary<std::uint64_t>());
    Bytes bytes = random.bytes(128 * 1024);
    const Lengths before = cut_all(cutter, bytes);
    const Bytes inserted = random.bytes(random.below(500) + 1);
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(random.below(bytes.size() / 2)), inserted.begin(),
                 inserted.end());
    const Lengths after = cut_all(cutter, bytes);
    const std::size_t tail = before.size() / 3;
    RC_ASSERT(std::equal(before.end() - static_cast<std::ptrdiff_t>(tail), before.end(),
                         after.end() - static_cast<std::ptrdiff_t>(tail)));
  }));
}

TEST_CASE("an inserted line costs the chunks around it and no others") {
  const ContentCutter cutter(CutParameters::around(16 * 1024), {});
  testing::Random random(7);
  Bytes bytes = random.text(8 << 20);
  const auto before = pieces_of(bytes, cut_all(cutter, bytes));
  const Bytes line = random.text(200);
  bytes.insert(bytes.begin() + 3'000'000, line.begin(), line.end());
  const auto after = pieces_of(bytes, cut_all(cutter, bytes));
  const auto fresh = std::ranges::count_if(after, [&](const std::string& piece) { return !before.contains(piece); });
  CHECK(fresh >= 1);
  CHECK(fresh <= 4);
}

TEST_CASE("the mean length of random data is the average asked for, within 5 %") {
  const Bytes bytes = testing::Random(3).bytes(24 << 20);
  for (const std::uint32_t average : {1024U, 10'000U, 16'384U, 65'536U}) {
    const ContentCutter cutter(CutParameters::around(average), {});
    const double mean = static_cast<double>(bytes.size()) / static_cast<double>(cut_all(cutter, bytes).size());
    CAPTURE(average);
    CHECK(mean == doctest::Approx(average).epsilon(0.05));
  }
}

TEST_CASE("bytes without content to cut at give chunks of the greatest length") {
  const ContentCutter cutter(kSmall, {});
  const Bytes zeros(4 * 1024 + 100);
  CHECK(cut_all(cutter, zeros) == Lengths{1024, 1024, 1024, 1024, 100});
}

TEST_CASE("a chunk at the end is as short as what is left") {
  const ContentCutter cutter(kSmall, {});
  CHECK(cutter.cut({}, true) == 0);
  CHECK(cutter.cut(Bytes(1), true) == 1);
  CHECK(cutter.cut(Bytes(kSmall.min), false) == 0);
  CHECK(cutter.cut(Bytes(kSmall.max - 1), false) == 0);
  CHECK(cutter.cut(Bytes(kSmall.max), false) == kSmall.max);
}

TEST_CASE("a key gives cuts of its own, the same every time") {
  const Bytes bytes = testing::Random(5).bytes(1 << 20);
  const CutParameters bounds = CutParameters::around(4096);
  const Lengths open = cut_all(ContentCutter(bounds, {}), bytes);
  const Lengths one = cut_all(ContentCutter(bounds, key_of("one")), bytes);
  const Lengths two = cut_all(ContentCutter(bounds, key_of("two")), bytes);
  CHECK(one != open);
  CHECK(one != two);
  CHECK(cut_all(ContentCutter(bounds, key_of("one")), bytes) == one);
}

TEST_CASE("the cuts of format 1 never change") {
  const Bytes bytes = testing::Random(1).bytes(8 << 20);
  const Lengths open = cut_all(ContentCutter(CutParameters{}, {}), bytes);
  const Lengths keyed = cut_all(ContentCutter(CutParameters{}, key_of("golden")), bytes);
  CHECK(Lengths(open.begin(), open.begin() + 4) == Lengths{70402, 67563, 72701, 54305});
  CHECK(fingerprint(open) == "e7db7fa30db71df9");
  CHECK(fingerprint(keyed) == "8f7c9e2f24ddba48");
}

TEST_CASE("bounds that make no sense are refused") {
  const auto code_for = [](const CutParameters& bounds) {
    try {
      static_cast<void>(ContentCutter(bounds, {}));
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  CHECK(code_for({.min = 63, .average = 256, .max = 1024}) == ErrorCode::invalid_argument);
  CHECK(code_for({.min = 256, .average = 256, .max = 1024}) == ErrorCode::invalid_argument);
  CHECK(code_for({.min = 64, .average = 1024, .max = 1024}) == ErrorCode::invalid_argument);
  CHECK(code_for({.min = 0, .average = 0, .max = 0}) == ErrorCode::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(CutParameters::around(0xFFFFFFFFU)), Error);
}

}  // namespace dbsnap
