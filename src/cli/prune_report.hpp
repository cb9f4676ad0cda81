// A prune plan as text.
#pragma once

#include <cstdint>
#include <string>

#include "dbsnap/repository.hpp"

namespace dbsnap::cli {

/// How many snapshots the plan removes.
std::uint64_t snapshots_to_remove(const PrunePlan& plan);

/// How many of them another repository was to get and has not got yet.
std::uint64_t removed_while_pending(const PrunePlan& plan);

/// "3 snapshots", "3 snapshots and 1 unfinished one".
std::string removal_text(const PrunePlan& plan, bool with_unfinished);

/// "restore then reaches back to 2026-05-01 02:00:03 UTC".
std::string reach_text(const PrunePlan& plan);

/// The table of decisions, unfinished sessions and the sum, as lines.
std::string plan_text(const PrunePlan& plan);

}  // namespace dbsnap::cli
