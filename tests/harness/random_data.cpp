#include "harness/random_data.hpp"

#include <algorithm>
#include <cstring>

namespace dbsnap::testing {

Bytes Random::bytes(std::size_t size) {
  Bytes out(size);
  for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = next();
    std::memcpy(out.data() + at, &word, std::min(sizeof word, size - at));
  }
  return out;
}

Bytes Random::text(std::size_t size) {
  static constexpr const char* kSyllables[] = {"ba", "con", "da",  "er", "fi", "go", "hal", "in",
                                               "jo", "ka",  "lem", "no", "or", "pa", "ti",  "us"};
  std::string line;
  line.reserve(size + 128);
  while (line.size() < size) {
    line += std::to_string(below(1'000'000));
    for (int word = 0; word < 8; ++word) {
      line += '\t';
      std::uint64_t bits = next();
      for (std::uint64_t n = 1 + bits % 4; n > 0; --n) line += kSyllables[(bits >>= 4U) % 16];
    }
    line += '\n';
  }
  Bytes out(size);
  if (size > 0) std::memcpy(out.data(), line.data(), size);
  return out;
}

Bytes Random::pages(std::size_t size, std::size_t page_size) {
  Bytes out(size);
  for (std::size_t at = 0; at < size; at += page_size) {
    const std::size_t length = std::min(page_size, size - at);
    const std::uint64_t header = next();
    std::memcpy(out.data() + at, &header, std::min(sizeof header, length));
    if (length <= 64) continue;
    const Bytes filling = text(below(length - 64));
    std::ranges::copy(filling, out.begin() + static_cast<std::ptrdiff_t>(at + 64));
  }
  return out;
}

}  // namespace dbsnap::testing
