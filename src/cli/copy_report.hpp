// What the program says about copies.
#pragma once

#include <chrono>
#include <string>

#include "cli/invocation.hpp"
#include "dbsnap/copy.hpp"

namespace dbsnap::cli {

/// A table of what a dry run found, and a closing line.
std::string copy_plan_text(const CopyReport& report);

/// Warnings about snapshots that could not be copied, and the summary line.
void report_copies(Console& console, const CopyReport& report, std::chrono::nanoseconds elapsed);

/// 0; 3 when some snapshots failed; that of damaged data when all did.
int exit_code_of(const CopyReport& report);

}  // namespace dbsnap::cli
