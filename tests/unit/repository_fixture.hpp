// What the tests of repository operations share: a repository in memory, a clock, engines over plain values.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dbsnap/error.hpp"
#include "dbsnap/repository.hpp"
#include "dbsnap/sinks/memory.hpp"
#include "harness/fault_sink.hpp"
#include "harness/synthetic_data.hpp"
#include "harness/synthetic_engine.hpp"

namespace dbsnap::testing {

/// Shows the wall-clock time that the test says; durations are real.
class TestClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return TimePoint(std::chrono::nanoseconds(now_ns_.load())); }
  [[nodiscard]] MonotonicTime monotonic() const override { return system_clock().monotonic(); }
  void advance(std::chrono::nanoseconds by) { now_ns_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_ns_{1'795'000'000'000'000'000};  // 2026-11-18
};

/// A repository in memory behind a fault sink. Every snapshot is an hour later than the one before.
class Store {
 public:
  explicit Store(const CreateOptions& options = {.encrypt = false});

  [[nodiscard]] Context context() const;
  Repository open(const std::string& password = {});

  Manifest snapshot(Snapshotter& engine, const SnapshotOptions& options = {});
  /// What a restore of `id` by the synthetic engine gives.
  SyntheticData restored(const std::string& id);
  /// Ids of all snapshots, newest first.
  std::vector<std::string> ids(const SnapshotFilter& filter = {});
  PrunePlan plan(const KeepRules& rules, const SnapshotFilter& filter = {});
  PruneReport prune(const KeepRules& rules);

  std::vector<std::string> keys(const std::string& prefix = {});
  std::uint64_t stored_bytes(const std::string& prefix = {});

  TestClock clock;
  std::shared_ptr<Sink> memory = make_memory_sink();  ///< what is really there, without faults
  std::shared_ptr<FaultSink> sink = std::make_shared<FaultSink>(memory);
  Repository repository;
};

/// The error that `call` throws; the test fails when it throws none.
template <typename Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  return Error(ErrorCode::internal, "");
}

template <typename Call>
ErrorCode code_of(Call&& call) {
  return error_of(std::forward<Call>(call)).code();
}

/// A source whose every read waits at `gate`.
SyntheticFaults stalled_reads(std::shared_ptr<Gate> gate);

/// An entry reader over a function, for bytes that are made as they are read.
class FunctionReader final : public EntryReader {
 public:
  using Fill = std::function<std::size_t(MutableByteView, const Context&)>;
  explicit FunctionReader(Fill fill) : fill_(std::move(fill)) {}
  std::size_t read(MutableByteView out, const Context& context) override { return fill_(out, context); }

 private:
  Fill fill_;
};

std::unique_ptr<EntryReader> reader_over(Bytes content);

/// Gathers what is written in order, and insists on the order.
class GatheringWriter final : public EntryWriter {
 public:
  void write(std::uint64_t offset, ByteView bytes) override;
  Bytes content;
};

/// An engine whose database is one value: a single entry, exported and imported as it is.
class ValueEngine final : public Snapshotter {
 public:
  explicit ValueEngine(Bytes content_in = {}, EntryKind kind = EntryKind::page_file, std::string name = "value");

  [[nodiscard]] SourceInfo describe() const override;
  std::unique_ptr<Session> begin(const SnapshotRequest& request, const Context& context) override;
  void restore(SnapshotReader& reader, const RestoreOptions& options, const Context& context) override;
  void check_restored(const Context& context) override;
  [[nodiscard]] std::unique_ptr<Snapshotter> scratch_target(const std::string& folder) const override;
  std::unique_ptr<Session> begin_import(std::unique_ptr<EntryReader> file, const Context& context) override;

  /// Begins every later session with this reader instead of one over `content`.
  void read_with(std::function<std::unique_ptr<EntryReader>()> make) { make_reader_ = std::move(make); }

  Bytes content;

 private:
  EntryKind kind_;
  std::string name_;
  std::function<std::unique_ptr<EntryReader>()> make_reader_;
};

}  // namespace dbsnap::testing
