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
constexpr auto kFiltering = used_by(list, resolve, plan_prune, copy, status);

constexpr std::array kKeys{
    OptionKey{"password", OptionType::text, used_by(create, open), "opens the repository; a recovery code will do"},
    OptionKey{"cache_folder", OptionType::text, used_by(create, open),
              "keeps what a remote store holds in this folder too"},
    OptionKey{"cache_size_bytes", OptionType::number, used_by(create, open), "size of the cache; 4 GiB unless set"},
    OptionKey{"encrypt", OptionType::boolean, used_by(create), "encrypt what is stored; true unless set"},
    OptionKey{"chunk_size_bytes", OptionType::number, used_by(create), "size of a chunk, the unit of change detection"},
    OptionKey{"frame_size_bytes", OptionType::number, used_by(create), "plain bytes per frame, at most"},
    OptionKey{"pack_size_bytes", OptionType::number, used_by(create), "size of a pack, the unit of storage"},
    OptionKey{"tag", OptionType::list, kTaking | kFiltering, "tags to record, or to look for (all of them)"},
    OptionKey{"host", OptionType::text, kTaking, "machine name to record; this machine's unless set"},
    OptionKey{"source_name", OptionType::text, kTaking, "identity of the source instead of host and URL"},
    OptionKey{"source", OptionType::text, kFiltering, "only snapshots of this source: name, URL, key or engine"},
    OptionKey{"threads", OptionType::number, kTaking | used_by(restore, verify, repair, read, verify_keyless, copy),
              "threads; 0 for all cores"},
    OptionKey{"compression_level", OptionType::number, kTaking | used_by(copy), "zstd level, 1 to 19; 3 unless set"},
    OptionKey{"read_limit_bytes_per_second", OptionType::number, kTaking, "limit on reading the source; 0 for none"},
    OptionKey{"time_ns", OptionType::number, kTaking, "time to record, nanoseconds since 1970 UTC"},
    OptionKey{"use_parent", OptionType::boolean, kTaking, "store only what changed; true unless set"},
    OptionKey{"base_data", OptionType::text, kTaking,
              "what changed bytes are compared with: automatic (unless set), near, always or never"},
    OptionKey{"source_patience_ms", OptionType::number, used_by(snapshot),
              "how long a source that is lost meanwhile is waited for, to be read once more; 0 unless set"},
    OptionKey{"overwrite", OptionType::boolean, used_by(restore), "replace a target that exists"},
    OptionKey{"level", OptionType::text, used_by(verify),
              "how deep: listing, tables, checksums, packs, frames (unless set) or data"},
    OptionKey{"max_age", OptionType::text, used_by(verify, status),
              "leave out packs checked within this time, such as 30d; how old the newest snapshot may be"},
    OptionKey{"percent", OptionType::number, used_by(verify, verify_keyless),
              "share of the stored bytes to read, 1 to 100; all unless set"},
    OptionKey{"snapshot", OptionType::list, used_by(verify, repair, copy), "ids of the snapshots to look at"},
    OptionKey{"dry_run", OptionType::boolean, used_by(repair, copy), "only say what would be done; write nothing"},
    OptionKey{"last", OptionType::number, used_by(copy), "only the newest N of each source"},
    OptionKey{"since_ns", OptionType::number, used_by(copy),
              "only what shows this time or later, nanoseconds since 1970 UTC"},
    OptionKey{"older", OptionType::boolean, used_by(copy), "also what is older than the newest copy and not there"},
    OptionKey{"pins", OptionType::boolean, used_by(copy), "pin the copies of pinned snapshots"},
    OptionKey{"allow_unencrypted", OptionType::boolean, used_by(copy),
              "copy what is encrypted into a repository that is not"},
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
    OptionKey{"discard_unfinished", OptionType::boolean, used_by(apply), "take unfinished snapshots for dead at once"},
    OptionKey{"wait", OptionType::boolean, used_by(apply), "wait for running snapshots; true unless set"},
    OptionKey{"patience_ms", OptionType::number, used_by(apply), "how long one may show no life; 300000 unless set"},
    OptionKey{"exclusive", OptionType::boolean, used_by(apply), "nothing else uses the repository: wait for nobody"},
    OptionKey{"compression", OptionType::text, used_by(export_),
              "wrapping of the file: none (unless set), gzip or zstd"},
    OptionKey{"write_trial", OptionType::boolean, used_by(examine), "put and remove a small object; true unless set"},
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
    case repair:
      return "repair";
    case copy:
      return "copy";
    case status:
      return "status";
    case verify_keyless:
      return "verify_keyless";
    case examine:
      return "examine";
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
