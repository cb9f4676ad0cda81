// Pack writer: gathers frames into packs and puts full ones while the next fills.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/manifest.hpp"
#include "format/pack.hpp"
#include "repo/progress_meter.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// A pack that is in the repository, and the packs its deltas are based on.
struct WrittenPack {
  std::string key;
  std::uint64_t size = 0;
  std::string sha256;
  std::set<PackId> bases;
};

/// Safe from many threads. At most two packs are in memory: one that fills, one that is being put.
/// After the first failed put every call throws that failure.
class PackWriter {
 public:
  /// References are borrowed. `meter` is told the bytes that were put.
  PackWriter(const RepositoryState& state, const SessionId& session, ProgressMeter& meter, const Context& context);
  ~PackWriter();
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;

  /// Seals `frame` into the current pack; waits while storage is behind.
  FrameRef append(const Frame& frame);
  /// Puts what is left; returns when every pack is durable. Nothing may be appended afterwards.
  std::map<PackId, WrittenPack> finish();

 private:
  struct FullPack {
    PackBuilder builder;
    std::set<PackId> bases;
  };

  void hand_over(std::unique_lock<std::mutex>& lock);
  void put_packs(const std::stop_token& stop);
  WrittenPack put(FullPack pack);
  void rethrow_failure() const;

  const RepositoryState& state_;
  const SessionId session_;
  ProgressMeter& meter_;
  const Context& context_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<FullPack> filling_;
  std::optional<FullPack> waiting_;
  bool putting_ = false;
  std::uint32_t packs_started_ = 0;
  std::map<PackId, WrittenPack> written_;
  std::exception_ptr failure_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace dbsnap
