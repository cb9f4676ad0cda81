// A local repository that processes work on, and what must hold of it afterwards.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "chaos/chaos_data.hpp"
#include "harness/process.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {

using Settings = std::vector<std::string>;

class ChaosWorld {
 public:
  /// Two sources with a few snapshots each, and one prune that has been.
  ChaosWorld();
  /// A copy of another, in a folder of its own.
  ChaosWorld(const ChaosWorld& other);
  ChaosWorld& operator=(const ChaosWorld&) = delete;

  [[nodiscard]] std::string folder() const { return temp_ / "repository"; }
  [[nodiscard]] Repository repository() const;
  [[nodiscard]] ChildProcess start(const std::string& verb, const Settings& settings = {}) const;
  /// Runs an actor to its end.
  ExitStatus run(const std::string& verb, const Settings& settings = {});
  /// Waits for the end of an actor and takes in what it said.
  ExitStatus finish(ChildProcess& actor);
  /// Drops every snapshot that is listed now: only who commits later still needs their data.
  void forget_all();

  /// How many snapshots were reported and dropped by nobody.
  [[nodiscard]] std::size_t kept() const;
  /// Every snapshot that was reported and that nobody dropped is listed; everything listed verifies and restores to
  /// the state that its tag names.
  void check_holds() const;
  /// One more prune, without a fault: no pack is left that no snapshot needs, and everything holds.
  void check_prunes_clean();

  std::set<std::string> committed;  ///< ids that writers reported
  std::set<std::string> dropped;    ///< ids that somebody let go, or was about to
  std::uint64_t packs_removed = 0;
  std::uint64_t fenced = 0;

 private:
  TempFolder temp_;
};

/// Waits until the process has stopped itself; false when it ended instead.
bool await_stop(ChildProcess& actor);

}  // namespace dbsnap::testing
