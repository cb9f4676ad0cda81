// The levels of verify and their names.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "dbsnap/error.hpp"
#include "dbsnap/repository.hpp"

namespace dbsnap {
namespace {

constexpr std::array<std::pair<std::string_view, VerifyLevel>, 6> kLevels = {{{"listing", VerifyLevel::listing},
                                                                              {"tables", VerifyLevel::tables},
                                                                              {"checksums", VerifyLevel::checksums},
                                                                              {"packs", VerifyLevel::packs},
                                                                              {"frames", VerifyLevel::frames},
                                                                              {"data", VerifyLevel::data}}};

}  // namespace

std::string_view name_of(VerifyLevel level) noexcept { return kLevels.at(static_cast<std::size_t>(level)).first; }

VerifyLevel verify_level_named(std::string_view name) {
  const auto* found = std::ranges::find(kLevels, name, &std::pair<std::string_view, VerifyLevel>::first);
  if (found != kLevels.end()) return found->second;
  throw Error(ErrorCode::invalid_argument,
              "unknown level " + std::string(name) + "; known are listing, tables, checksums, packs, frames and data");
}

}  // namespace dbsnap
