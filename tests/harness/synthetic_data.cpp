#include "harness/synthetic_data.hpp"

#include <algorithm>
#include <iterator>

#include "harness/random_data.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::size_t kPage = 4096;

std::string numbered(const char* stem, std::size_t n) {
  std::string digits = std::to_string(n);
  digits.insert(0, 5 - std::min<std::size_t>(5, digits.size()), '0');
  return stem + digits;
}

void change_pages(Bytes& content, Random& random) {
  const std::size_t pages = content.size() / kPage;
  for (std::size_t n = 0; n < 1 + pages / 50 && pages > 0; ++n) {
    const auto at = static_cast<std::ptrdiff_t>(random.below(pages) * kPage);
    std::ranges::copy(random.text(200), content.begin() + at + static_cast<std::ptrdiff_t>(random.below(kPage - 200)));
  }
  const std::uint64_t fate = random.below(4);
  if (fate == 0 && pages > 2) content.resize((pages - 1) * kPage);
  if (fate == 1) std::ranges::copy(random.pages(3 * kPage), std::back_inserter(content));
}

void change_stream(Bytes& content, Random& random) {
  for (int n = 0; n < 3; ++n) {
    const auto at = static_cast<std::ptrdiff_t>(random.below(content.size() + 1));
    const Bytes lines = random.text(1 + random.below(300));
    content.insert(content.begin() + at, lines.begin(), lines.end());
    const auto from = static_cast<std::ptrdiff_t>(random.below(content.size()));
    const auto count = std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(random.below(200)),
                                                static_cast<std::ptrdiff_t>(content.size()) - from);
    content.erase(content.begin() + from, content.begin() + from + count);
  }
}

}  // namespace

SyntheticData make_data(std::uint64_t seed, const SyntheticShape& shape) {
  Random random(seed);
  SyntheticData data;
  for (std::size_t n = 0; n < shape.page_files; ++n) {
    const std::size_t pages = shape.page_file_size / kPage;
    const std::size_t size = (n == 0 ? pages : random.below(2 * pages + 1)) * kPage;
    data[numbered("base/", n)] = {EntryKind::page_file, random.pages(size)};
  }
  for (std::size_t n = 0; n < shape.streams; ++n) {
    const std::size_t size = n == 0 ? shape.stream_size : random.below(2 * shape.stream_size + 1);
    data[numbered("table/", n)] = {EntryKind::stream, random.text(size)};
  }
  for (std::size_t n = 0; n < shape.tiny_entries; ++n) {
    data[numbered("tiny/", n)] = {EntryKind::stream, n == 0 ? Bytes{} : random.text(random.below(41))};
  }
  return data;
}

void change_data(SyntheticData& data, std::uint64_t seed) {
  Random random(seed ^ 0x5eedULL);
  for (auto& [name, entry] : data) {
    if (random.below(8) == 0) continue;
    entry.kind == EntryKind::page_file ? change_pages(entry.content, random) : change_stream(entry.content, random);
  }
  if (data.size() > 2) data.erase(std::next(data.begin(), static_cast<std::ptrdiff_t>(random.below(data.size()))));
  data["added/" + std::to_string(seed)] = {random.below(2) == 0 ? EntryKind::stream : EntryKind::page_file,
                                           random.text(random.below(100'000))};
}

std::uint64_t size_of(const SyntheticData& data) {
  std::uint64_t size = 0;
  for (const auto& [name, entry] : data) size += entry.content.size();
  return size;
}

}  // namespace dbsnap::testing
