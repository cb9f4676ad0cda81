// What verify --repair does after it has found damage, and says of it.
#pragma once

#include <string>
#include <vector>

#include "cli/program.hpp"
#include "dbsnap/repository.hpp"

namespace dbsnap::cli {

struct RepairVerbOptions {
  bool repair = false;
  bool dry_run = false;
  unsigned threads = 0;
};

/// Repairs the snapshots in which `found` tells of damage, and reports both. Returns the exit code: 0
/// when nothing is lost, 3 when some snapshots could be rebuilt and some not, else that of damage.
int repair_damage(Invocation& invocation, Repository& repository, const VerifyReport& found,
                  const RepairVerbOptions& options);

}  // namespace dbsnap::cli
