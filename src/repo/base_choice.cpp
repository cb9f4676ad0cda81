#include "repo/base_choice.hpp"

#include <string>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

// About what zstd makes of a database's pages.
constexpr std::uint64_t kCompression = 2;

}  // namespace

BaseData base_data_named(std::string_view name) {
  if (name == "automatic") return BaseData::automatic;
  if (name == "near") return BaseData::near;
  if (name == "always") return BaseData::always;
  if (name == "never") return BaseData::never;
  throw Error(ErrorCode::invalid_argument,
              "unknown base data " + std::string(name) + "; known are automatic, near, always and never");
}

bool reads_bases(BaseData choice, bool cheap_reads, const BaseCost& cost) noexcept {
  switch (choice) {
    case BaseData::always:
      return true;
    case BaseData::never:
      return false;
    case BaseData::near:
      return cheap_reads || cost.fetch_bytes == 0;
    case BaseData::automatic:
      break;
  }
  return cheap_reads || cost.fetch_bytes <= cost.new_bytes / kCompression;
}

}  // namespace dbsnap
