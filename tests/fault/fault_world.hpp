// A repository with a history and a record of what each snapshot must restore to, for tests that break things.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dbsnap/repository.hpp"
#include "harness/fault_sink.hpp"
#include "harness/synthetic_engine.hpp"

namespace dbsnap::testing {

/// Every look at it is a second after the last, so that times never tie and nothing depends on the machine's clock.
class SteppingClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return TimePoint(std::chrono::seconds(1'795'000'000 + ++steps_)); }
  [[nodiscard]] MonotonicTime monotonic() const override { return system_clock().monotonic(); }

 private:
  mutable std::atomic<std::int64_t> steps_{0};
};

/// Small sizes, so that little data makes many chunks, frames and packs.
CreateOptions small_sizes();
/// About 300 KB of pages, streams and tiny entries.
SyntheticShape small_shape();

/// A memory sink with the objects of another.
std::shared_ptr<Sink> copy_of(Sink& store);
std::vector<std::string> keys_of(Sink& store, const std::string& prefix = {});

/// A value type: a copy has its own store and its own source.
class FaultWorld {
 public:
  /// A repository in memory with `snapshots` snapshots of a source that changes before each. It is
  /// encrypted when there is a password; every repository() then takes a moment.
  explicit FaultWorld(std::uint64_t seed, unsigned snapshots = 2, std::string password = {});
  FaultWorld(const FaultWorld& other);
  FaultWorld& operator=(const FaultWorld&) = delete;

  /// Opened through the fault sink.
  [[nodiscard]] Repository repository() const;
  [[nodiscard]] Context context() const;
  [[nodiscard]] SyntheticEngine engine() const { return SyntheticEngine(source); }

  void change_source();
  /// Makes the source hold something else altogether, so that later snapshots need no earlier pack.
  void replace_source(std::uint64_t seed, const SyntheticShape& shape = small_shape()) {
    source->set(make_data(seed, shape));
  }
  /// Takes a snapshot and records what it must restore to; its id.
  std::string snapshot(unsigned threads = 1);
  /// Begins a snapshot and dies after its first packs: its session stays behind unfinished.
  void die_in_snapshot();
  /// What snapshot `id` restores to.
  [[nodiscard]] SyntheticData restored(const std::string& id) const;
  [[nodiscard]] std::vector<std::string> listed() const;

  /// Checks, with no fault left: the repository opens; every recorded snapshot is listed; everything
  /// listed verifies and restores to what it was, or, where it is not recorded, to what the source
  /// holds now (a snapshot whose success was not heard of).
  void check_holds();
  /// Drops the record of a snapshot that may have gone.
  void allow_gone(const std::string& id) { optional_[id] = recorded.extract(id).mapped(); }

  std::shared_ptr<Sink> store;      ///< what is really there
  std::shared_ptr<FaultSink> sink;  ///< in front of it
  std::shared_ptr<SyntheticPlace> source;
  bool retries = false;  ///< repository() makes calls that fail again, without pauses
  std::map<std::string, SyntheticData> recorded;

 private:
  std::string password_;
  std::uint64_t changes_;
  std::shared_ptr<SteppingClock> clock_ = std::make_shared<SteppingClock>();
  std::map<std::string, SyntheticData> optional_;  ///< may be listed, and then must hold
};

/// How a call of the store goes wrong.
struct FaultMode {
  std::string name;
  SinkFault fault;
};
/// Once before the call has its effect, once after it, and for good from some call on.
std::vector<FaultMode> fault_modes();

/// Injects each mode at call 0, 1, 2, … of `act`, each time on a fresh copy of `start`, until `act`
/// meets the fault no more; then `settle(world, error)` with the error, if any, that `act` threw.
/// Faults are gone when `settle` is called.
void at_every_call(const FaultWorld& start, const std::function<void(FaultWorld&)>& act,
                   const std::function<void(FaultWorld&, const std::optional<Error>&)>& settle);

}  // namespace dbsnap::testing
