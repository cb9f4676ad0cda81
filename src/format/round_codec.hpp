// Round codec: payloads of the objects by which pruners agree on what goes (docs/concurrency.md).
#pragma once

#include <string>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "format/names.hpp"

namespace dbsnap {

/// What a round may remove, and what its planner saw.
struct RoundPlan {
  std::vector<PackId> condemned;  ///< in order of their ids
  std::vector<SessionId> seen;    ///< snapshots that existed, in order of their ids
};

/// What a round removes.
struct RoundVerdict {
  std::vector<PackId> packs;  ///< in order of their ids
};

std::string encode_plan(const RoundPlan& plan);
std::string encode_verdict(const RoundVerdict& verdict);
/// Both throw Error{damaged}.
RoundPlan decode_plan(ByteView payload);
RoundVerdict decode_verdict(ByteView payload);

}  // namespace dbsnap
