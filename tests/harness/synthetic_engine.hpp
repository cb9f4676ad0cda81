// An engine over made-up data in memory: many entries of both kinds, read by several threads at
// once, and able to fail, stall or lie at any point, so that the interface is proven for engines to come.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "dbsnap/error.hpp"
#include "dbsnap/snapshotter.hpp"
#include "harness/gate.hpp"
#include "harness/synthetic_data.hpp"

namespace dbsnap::testing {

/// What goes wrong. Counts are over all readers of one session, 0 being the first call.
struct SyntheticFaults {
  /// What an entry says of its size beforehand. A lie must not change the snapshot.
  enum class SizeHint { exact, none, too_small, too_large, absurd };
  SizeHint size_hint = SizeHint::exact;
  bool short_reads = false;                    ///< read() gives fewer bytes than asked for, often one
  bool fail_begin = false;                     ///< begin() throws source_unreachable
  std::optional<std::uint64_t> fail_next_at;   ///< this call of next() throws
  std::optional<std::uint64_t> fail_read_at;   ///< this call of read() throws
  bool fail_finish = false;                    ///< finish() throws
  std::shared_ptr<Gate> stall_read;            ///< every read() waits here
  std::optional<std::uint64_t> fail_write_at;  ///< restore: this call of write() throws no_space
  bool busy = false;                           ///< restore: target_busy
};

/// Everything the engine did, for checks.
struct SyntheticCounters {
  std::uint64_t sessions_begun = 0;
  std::uint64_t sessions_open = 0;       ///< begun and neither finished nor destroyed
  std::uint64_t sessions_aborted = 0;    ///< destroyed without finish()
  std::uint64_t next_calls = 0;          ///< of the latest session
  std::uint64_t read_calls = 0;          ///< of the latest session
  std::uint64_t most_readers = 0;        ///< readers of the latest session that were open at the same time
  std::uint64_t finished_undrained = 0;  ///< finish() calls while a reader had not reached its end
  bool parent_given = false;             ///< the latest request named a parent
};

/// The place an engine is bound to: source or restore target. Shared by the engine, its sessions
/// and the test; all members are safe from many threads.
class SyntheticPlace {
 public:
  SyntheticPlace() = default;
  explicit SyntheticPlace(SyntheticData data) : data_(std::move(data)) {}

  /// Nothing when no database was ever made or restored here.
  [[nodiscard]] std::optional<SyntheticData> data() const;
  void set(SyntheticData data);
  /// change_data() on the data that is here.
  void change(std::uint64_t seed);

  [[nodiscard]] SyntheticFaults faults() const;
  void set_faults(SyntheticFaults faults);
  [[nodiscard]] SyntheticCounters counters() const;

  /// For the engine: calls `update(counters)` under the lock.
  template <typename Update>
  auto count(Update&& update) {
    const std::scoped_lock lock(mutex_);
    return update(counters_);
  }

 private:
  mutable std::mutex mutex_;
  std::optional<SyntheticData> data_;
  SyntheticFaults faults_;
  SyntheticCounters counters_;
};

/// Records in every entry's facts the SHA-256 of its bytes, which check_restored() compares.
class SyntheticEngine final : public Snapshotter {
 public:
  explicit SyntheticEngine(std::shared_ptr<SyntheticPlace> place, std::string name = "synthetic");
  /// Bound to a place that already holds `data`.
  explicit SyntheticEngine(SyntheticData data, std::string name = "synthetic");

  [[nodiscard]] SyntheticPlace& place() const noexcept { return *place_; }

  [[nodiscard]] SourceInfo describe() const override;
  std::unique_ptr<Session> begin(const SnapshotRequest& request, const Context& context) override;
  void restore(SnapshotReader& reader, const RestoreOptions& options, const Context& context) override;
  void check_restored(const Context& context) override;
  [[nodiscard]] std::unique_ptr<Snapshotter> scratch_target(const std::string& folder) const override;

 private:
  std::shared_ptr<SyntheticPlace> place_;
  std::string name_;
  Facts restored_digests_;  ///< by entry name, as recorded in the snapshot that restore() read last
};

}  // namespace dbsnap::testing
