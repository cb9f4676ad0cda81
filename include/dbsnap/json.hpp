// The library's reports as JSON text: what `--json` prints and the C ABI returns. docs/json.md
// describes every document; members are only ever added.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/backup.hpp"
#include "dbsnap/copy.hpp"
#include "dbsnap/doctor.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/key.hpp"
#include "dbsnap/manifest.hpp"
#include "dbsnap/repository.hpp"
#include "dbsnap/status.hpp"

namespace dbsnap {

/// One compact JSON document each. Times are RFC 3339 in UTC with nanoseconds as needed.
DBSNAP_API std::string to_json(const Manifest& manifest);
DBSNAP_API std::string to_json(const SnapshotSummary& summary);
DBSNAP_API std::string to_json(const std::vector<SnapshotSummary>& summaries);
DBSNAP_API std::string to_json(const RestoreReport& report);
DBSNAP_API std::string to_json(const VerifyReport& report);
DBSNAP_API std::string to_json(const RepairReport& report);
DBSNAP_API std::string to_json(const CopyReport& report);
DBSNAP_API std::string to_json(const DiffReport& report);
DBSNAP_API std::string to_json(const RepositoryStats& stats);
DBSNAP_API std::string to_json(const RepositoryStatus& status);
DBSNAP_API std::string to_json(const TargetOutcome& outcome);
DBSNAP_API std::string to_json(const KeyInfo& key);
DBSNAP_API std::string to_json(const std::vector<KeyInfo>& keys);
DBSNAP_API std::string to_json(const PrunePlan& plan);
DBSNAP_API std::string to_json(const PruneReport& report);
DBSNAP_API std::string to_json(const DoctorReport& report);
DBSNAP_API std::string to_json(const Error& error);

/// RFC 3339 in UTC, "2026-11-21T06:59:29Z", with a fraction when there is one.
DBSNAP_API std::string format_time(TimePoint time);
/// Parses RFC 3339 with offset or Z, and "YYYY-MM-DD[ HH:MM[:SS]]" taken as UTC. Throws
/// Error{invalid_argument} that shows the accepted forms.
DBSNAP_API TimePoint parse_time(std::string_view text);

}  // namespace dbsnap
