// Runs every target over its corpus without a fuzzer, and over the same files with bytes changed.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "harness/random_data.hpp"
#include "targets.hpp"

namespace dbsnap::fuzz {
namespace {

constexpr int kChangesPerFile = 100;

struct Seed {
  std::string name;
  Bytes bytes;
};

std::vector<Seed> corpus_of(const Target& target) {
  std::vector<Seed> seeds;
  const std::filesystem::path folder = std::filesystem::path(DBSNAP_FUZZ_CORPUS) / target.name;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto view = std::as_bytes(std::span(text));
    seeds.push_back({file.path().filename(), Bytes(view.begin(), view.end())});
  }
  std::ranges::sort(seeds, {}, &Seed::name);
  return seeds;
}

/// Cut short, with some bytes replaced, or with a piece of itself put in.
Bytes changed(Bytes bytes, testing::Random& random) {
  if (random.below(4) == 0) bytes.resize(random.below(bytes.size() + 1));
  if (random.below(4) == 0 && !bytes.empty()) {
    const auto start = static_cast<std::ptrdiff_t>(random.below(bytes.size()));
    const Bytes piece(bytes.begin() + start, bytes.end());
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(random.below(bytes.size())), piece.begin(), piece.end());
  }
  for (std::uint64_t n = random.below(4); n > 0 && !bytes.empty(); --n) {
    bytes[random.below(bytes.size())] = static_cast<std::byte>(random.next());
  }
  return bytes;
}

}  // namespace

TEST_CASE("every target takes some file of its corpus for valid") {
  for (const Target& target : kTargets) {
    CAPTURE(target.name);
    const auto seeds = corpus_of(target);
    CHECK(std::ranges::any_of(seeds, [&](const Seed& seed) { return target.run(seed.bytes); }));
  }
}

TEST_CASE("every target refuses some file of its corpus") {
  for (const Target& target : kTargets) {
    CAPTURE(target.name);
    const auto seeds = corpus_of(target);
    CHECK(std::ranges::any_of(seeds, [&](const Seed& seed) { return !target.run(seed.bytes); }));
  }
}

TEST_CASE("no change to a file of the corpus leads a target astray") {
  testing::Random random(1);
  std::size_t runs = 0;
  for (const Target& target : kTargets) {
    for (const Seed& seed : corpus_of(target)) {
      for (int i = 0; i < kChangesPerFile; ++i, ++runs) target.run(changed(seed.bytes, random));
    }
  }
  CHECK(runs >= kChangesPerFile * std::size(kTargets));
}

}  // namespace dbsnap::fuzz
