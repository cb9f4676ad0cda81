// The option keys, and the search for the one that was meant.
#include "option_table.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "dbsnap/error.hpp"

namespace dbsnap::capi {
namespace {

template <typename... Operations>
constexpr std::uint32_t used_by(Operations... operations) {
  return (static_cast<std::uint32_t>(operations) | ...);
}

using enum Operation;
constexpr auto kTaking = used_by(snapshot, import);
constexpr auto kFiltering = used_by(list, resolve, plan_prune);

constexpr std::array kKeys{
    OptionKey{"password", OptionType::text, used_by(create, open), "opens the repository"},
    OptionKey{"encrypt", OptionType::boolean, used_by(create), "encrypt what is stored; true unless set"},
    OptionKey{"chunk_size_bytes", OptionType::number, used_by(create), "size of a chunk, the unit of change detection"},
    OptionKey{"frame_size_bytes", OptionType::number, used_by(create), "plain bytes per frame, at most"},
    OptionKey{"pack_size_bytes", OptionType::number, used_by(create), "size of a pack, the unit of storage"},
    OptionKey{"tag", OptionType::list, kTaking | kFiltering, "tags to record, or to look for (all of them)"},
    OptionKey{"host", OptionType::text, kTaking, "machine name to record; this machine's unless set"},
    OptionKey{"source_name", OptionType::text, kTaking, "identity of the source instead of host and URL"},
    OptionKey{"source", OptionType::text, kFiltering, "only snapshots of this source: name, URL, key or engine"},
    OptionKey{"threads", OptionType::number, kTaking | used_by(restore, verify, read), "threads; 0 for all cores"},
    OptionKey{"compression_level", OptionType::number, kTaking, "zstd level, 1 to 19; 3 unless set"},
    OptionKey{"read_limit_bytes_per_second", OptionType::number, kTaking, "limit on reading the source; 0 for none"},
    OptionKey{"time_ns", OptionType::number, kTaking, "time to record, nanoseconds since 1970 UTC"},
    OptionKey{"use_parent", OptionType::boolean, kTaking, "store only what changed; true unless set"},
    OptionKey{"overwrite", OptionType::boolean, used_by(restore), "replace a target that exists"},
    OptionKey{"level", OptionType::text, used_by(verify), "how deep: packs, frames (unless set) or data"},
    OptionKey{"snapshot", OptionType::list, used_by(verify), "ids of the snapshots to check; all unless set"},
    OptionKey{"scratch_folder", OptionType::text, used_by(verify), "for level data: folder with room for one snapshot"},
    OptionKey{"keep_last", OptionType::number, used_by(keep_policy), "keep the newest N"},
    OptionKey{"keep_within", OptionType::text, used_by(keep_policy), "keep what is younger, such as 36h, 7d or 1y6m"},
    OptionKey{"keep_hourly", OptionType::number, used_by(keep_policy), "keep the newest of each of N hours"},
    OptionKey{"keep_daily", OptionType::number, used_by(keep_policy), "keep the newest of each of N days"},
    OptionKey{"keep_weekly", OptionType::number, used_by(keep_policy), "keep the newest of each of N weeks"},
    OptionKey{"keep_monthly", OptionType::number, used_by(keep_policy), "keep the newest of each of N months"},
    OptionKey{"keep_yearly", OptionType::number, used_by(keep_policy), "keep the newest of each of N years"},
    OptionKey{"keep_tag", OptionType::list, used_by(keep_policy), "keep what carries one of these tags"},
    OptionKey{"keep_minimum", OptionType::number, used_by(keep_policy), "never leave fewer; 1 unless set"},
    OptionKey{"discard_unfinished", OptionType::boolean, used_by(apply), "remove what killed snapshots left behind"},
    OptionKey{"compression", OptionType::text, used_by(export_),
              "wrapping of the file: none (unless set), gzip or zstd"},
    OptionKey{"sqlite_connection", OptionType::pointer, used_by(engine), "a live sqlite3* to read through"},
    OptionKey{"sqlite_schema", OptionType::text, used_by(engine), "schema to back up; main unless set"},
    OptionKey{"sqlite_busy_timeout_ms", OptionType::number, used_by(engine), "wait for locks; 10000 unless set"},
};

std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view name_of(OptionType type) noexcept {
  constexpr std::array<std::string_view, 5> kNames{"bool", "int", "string", "list of strings", "pointer"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view name_of(Operation operation) noexcept {
  switch (operation) {
    case create:
      return "create";
    case open:
      return "open";
    case snapshot:
      return "snapshot";
    case import:
      return "import";
    case list:
      return "list";
    case resolve:
      return "resolve";
    case restore:
      return "restore";
    case verify:
      return "verify";
    case plan_prune:
      return "plan_prune";
    case apply:
      return "apply";
    case export_:
      return "export";
    case read:
      return "read";
    case keep_policy:
      return "keep_policy";
    case engine:
      return "engine";
  }
  return "";
}

std::span<const OptionKey> option_keys() noexcept { return kKeys; }

const OptionKey& option_key(std::string_view key) {
  const auto found = std::ranges::find(kKeys, key, &OptionKey::key);
  if (found != kKeys.end()) return *found;
  const auto nearest =
      std::ranges::min_element(kKeys, {}, [&](const OptionKey& known) { return edit_distance(key, known.key); });
  throw Error(ErrorCode::invalid_argument,
              "unknown option " + std::string(key) + "; the nearest known one is " + std::string(nearest->key));
}

}  // namespace dbsnap::capi
