// Pack sweep: reads whole packs side by side, each once, with a bound on the memory they take.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/task_pool.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/sink.hpp"
#include "format/names.hpp"

namespace dbsnap {

/// One pack to read.
struct SweepItem {
  PackId id;
  std::uint64_t size = 0;
};

/// Bytes of packs in memory at most, unless a single pack is larger.
inline constexpr std::uint64_t kSweepMemory = 64U << 20;

class PackSweep {
 public:
  /// What is wrong with the bytes of the item at `place`, or nothing. Called by many threads.
  using Look = std::function<std::optional<std::string>(std::size_t place, ByteView bytes)>;
  /// Called by the thread of run(), in order, with what `look` said or that the pack is missing or of
  /// another size. The bytes are dropped when it returns.
  using Done = std::function<void(std::size_t place, const Bytes& bytes, const std::optional<std::string>& fault)>;

  /// All are borrowed.
  PackSweep(Sink& sink, TaskPool& pool, const Context& context);

  /// Returns when all packs are done. What a read, `look` or `done` throws ends it.
  void run(std::span<const SweepItem> items, const Look& look, const Done& done);

 private:
  struct Read {
    Bytes bytes;
    std::optional<std::string> fault;
    TaskHandle task;
  };

  void read(const SweepItem& item, std::size_t place, const Look& look, Read& into, const Context& context) const;

  Sink& sink_;
  TaskPool& pool_;
  const Context& context_;
};

}  // namespace dbsnap
