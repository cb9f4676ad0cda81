#include "repo/pack_choice.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <tuple>

#include "dbsnap/error.hpp"
#include "repo/ledger.hpp"

namespace dbsnap {

void check_percent(unsigned percent) {
  if (percent >= 1 && percent <= 100) return;
  throw Error(ErrorCode::invalid_argument, "percent is " + std::to_string(percent) + "; it must be 1 to 100");
}

void check_choice(const VerifyOptions& options) {
  if (options.percent) check_percent(*options.percent);
  if (options.max_age && options.max_age->count() < 0) {
    throw Error(ErrorCode::invalid_argument, "the longest age of a check must not be negative");
  }
  if (!options.max_age && !options.percent) return;
  const std::string refused = "only a part of the packs was asked for, and verify at level ";
  if (options.level < VerifyLevel::packs) {
    throw Error(ErrorCode::invalid_argument, refused + std::string(name_of(options.level)) + " reads no packs")
        .hint("dbsnap verify --level packs --percent 10");
  }
  if (options.level == VerifyLevel::data) {
    throw Error(ErrorCode::invalid_argument, refused + "data restores whole snapshots")
        .hint("dbsnap verify latest --level data");
  }
}

std::uint64_t share_of(std::uint64_t bytes, unsigned percent) {
  return bytes / 100 * percent + (bytes % 100 * percent + 99) / 100;
}

PackChoice choose_packs(const std::vector<NeededPack>& needed, const Ledger& ledger, const VerifyOptions& options,
                        std::uint64_t now) {
  struct Candidate {
    std::uint64_t checked = 0;
    std::uint32_t place = 0;
  };
  const auto add = [](PackCount& count, const NeededPack& pack) {
    ++count.packs;
    count.bytes += pack.size;
  };
  PackChoice choice;
  std::vector<Candidate> candidates;
  std::uint64_t bytes = 0;
  for (std::uint32_t place = 0; place < needed.size(); ++place) {
    const NeededPack& pack = needed[place];
    if (!pack.there) continue;
    bytes += pack.size;
    const auto known = ledger.find(pack.id);
    const std::uint64_t checked = known == ledger.end() ? 0 : last_whole(known->second, options.level, now);
    const auto age = static_cast<std::int64_t>(now - checked);
    if (options.max_age && checked != 0 && std::chrono::milliseconds(age) <= *options.max_age) {
      add(choice.fresh, pack);
    } else {
      candidates.push_back({checked, place});
    }
  }
  std::ranges::sort(candidates, {}, [&](const Candidate& candidate) {
    return std::tuple(candidate.checked, needed[candidate.place].id);
  });
  const std::uint64_t budget = options.percent ? share_of(bytes, *options.percent) : bytes;
  std::uint64_t taken = 0;
  for (const Candidate& candidate : candidates) {
    const NeededPack& pack = needed[candidate.place];
    if (options.percent && taken >= budget) {
      add(choice.left, pack);
      continue;
    }
    choice.chosen.push_back(candidate.place);
    taken += pack.size;
  }
  return choice;
}

}  // namespace dbsnap
