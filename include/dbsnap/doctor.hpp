// Doctor: tries out whether a place can keep a repository, and says what to do where it cannot.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/finding.hpp"
#include "dbsnap/sink.hpp"

namespace dbsnap {

struct DoctorOptions {
  /// Put, replace and remove a small object below `probe/`. False: only look, and say nothing about rights to write.
  bool write_trial = true;
};

struct DoctorReport {
  std::string url;                ///< the place; secrets removed
  std::vector<Finding> findings;  ///< in the order in which they were made
  /// Why the first finding that is a failure is one; nothing where no finding is.
  std::optional<ErrorCode> failure = {};

  [[nodiscard]] DBSNAP_API Severity worst() const noexcept;
  /// 0 when nothing need be done, 3 with warnings, else that of `failure`.
  [[nodiscard]] DBSNAP_API int exit_code() const noexcept;
};

/// Examines a store: can it be reached, may objects be listed, put, read and removed, does it create only what is
/// absent, does a listing show what was just written, is there a repository whose config can be read, and is what that
/// says of the store still true; then what the sink finds by Sink::examine(). Needs no password. docs/doctor.md has
/// every finding.
///
/// What goes wrong is a finding; only cancelled and deadline_exceeded are thrown. The object of the trial is removed
/// then, too. Safe beside everything else that uses the repository.
DBSNAP_API DoctorReport examine_store(Sink& sink, const DoctorOptions& options, const Context& context);

}  // namespace dbsnap
