// Retention: which snapshots to keep, and why. Pure: no I/O, no clock.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/clock.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/manifest.hpp"

namespace dbsnap {

/// Why a snapshot is kept.
enum class KeepRule {
  last,    ///< among the newest N
  within,  ///< younger than the given duration
  hourly,  ///< newest of its hour, among the newest N such hours
  daily,
  weekly,  ///< ISO weeks, starting on Monday
  monthly,
  yearly,
  tagged,       ///< carries a tag that is kept
  pinned,       ///< pinned by hand
  newest_good,  ///< newest snapshot of its source that is not known to be damaged
  minimum,      ///< needed to reach the minimum count
  no_rule,      ///< the policy has no rule at all, so nothing may be removed
  future,       ///< dated later than `now`: some clock is wrong, so it is kept and takes nobody's place
};
DBSNAP_API std::string_view name_of(KeepRule rule) noexcept;

struct KeepReason {
  KeepRule rule = KeepRule::no_rule;
  /// What it matched: "3" (third newest), "2026-11" (the month), the tag. For people.
  std::string detail;
};

struct Verdict {
  std::string id;
  bool keep = true;
  std::vector<KeepReason> reasons;  ///< empty exactly when keep is false
};

/// Decides which snapshots stay. evaluate() sees the snapshots of one source at a time and returns
/// one verdict per summary, in the same order. It must be a pure function of its arguments, order
/// by recorded time (never by id), and be callable from several threads.
class DBSNAP_API RetentionPolicy {
 public:
  virtual ~RetentionPolicy() = default;
  [[nodiscard]] virtual std::vector<Verdict> evaluate(std::span<const SnapshotSummary> snapshots,
                                                      TimePoint now) const = 0;
};

/// The built-in policy's settings. Calendar periods are those of UTC. A snapshot is kept when any
/// rule keeps it. Independently of the rules pinned snapshots, the newest good snapshot and, with
/// `minimum`, that many newest ones are kept. With no rule set everything is kept. A snapshot that
/// is known to be damaged, or dated later than `now`, never takes the place of another one.
struct KeepRules {
  std::optional<unsigned> last = {};
  std::optional<std::chrono::seconds> within = {};  ///< before `now`
  std::optional<unsigned> hourly = {};
  std::optional<unsigned> daily = {};
  std::optional<unsigned> weekly = {};
  std::optional<unsigned> monthly = {};
  std::optional<unsigned> yearly = {};
  std::vector<std::string> tags = {};  ///< keep every snapshot that carries one of these
  unsigned minimum = 1;                ///< never leave fewer than this many, as far as there are as many

  /// True when at least one rule (not `minimum`) is set.
  [[nodiscard]] DBSNAP_API bool any() const noexcept;
};

/// Policy that applies `rules`.
DBSNAP_API std::unique_ptr<RetentionPolicy> make_keep_policy(KeepRules rules);

/// Parses "36h", "7d", "2w", "6m" (months of 30 days), "1y" (365 days) and sums such as "1y6m".
/// Throws Error{invalid_argument} that shows the accepted forms.
DBSNAP_API std::chrono::seconds parse_duration(std::string_view text);

}  // namespace dbsnap
