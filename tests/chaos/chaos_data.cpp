#include "chaos/chaos_data.hpp"

namespace dbsnap::testing {

SyntheticData data_of(const SourceState& state) {
  constexpr std::uint64_t kFamily = 5;
  const SyntheticShape shape{
      .page_files = 1, .page_file_size = 64 * 1024, .streams = 1, .stream_size = 32 * 1024, .tiny_entries = 2};
  const std::uint64_t family = state.source * 1'000'000 + state.changes / kFamily;
  SyntheticData data = make_data(family + 1, shape);
  for (std::uint64_t n = 1; n <= state.changes % kFamily; ++n) change_data(data, family * kFamily + n);
  return data;
}

std::string to_tag(const SourceState& state) {
  return std::to_string(state.source) + ":" + std::to_string(state.changes);
}

SourceState from_tag(const std::string& tag) {
  return {.source = std::stoull(tag), .changes = std::stoull(tag.substr(tag.find(':') + 1))};
}

CreateOptions chaos_sizes() {
  return {.password = {}, .encrypt = false, .chunk_size = 4096, .frame_size = 16 * 1024, .pack_size = 32 * 1024};
}

}  // namespace dbsnap::testing
