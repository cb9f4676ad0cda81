// Pack writer: gathers frames into packs and puts full ones while the next fills.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
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
#include "repo/pack_closure.hpp"
#include "repo/progress_meter.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Packs that were put under another name than the one that append() said, and that name.
using MovedPacks = std::map<PackId, PackId>;

/// Safe from many threads. In memory are one pack that fills and those on their way to the store: as many as the store
/// is worth asking at once, and no more than kPackMemory bytes or one. After the first failed put every call throws
/// that failure.
class PackWriter {
 public:
  /// Bytes of the packs that are on their way.
  static constexpr std::uint64_t kPackMemory = 32U << 20;

  /// References are borrowed. `meter` is told the bytes that were put.
  PackWriter(const RepositoryState& state, const SessionId& session, ProgressMeter& meter, const Context& context);
  ~PackWriter();
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;

  /// Seals `frame` into the current pack; waits while storage is behind.
  FrameRef append(const Frame& frame);
  /// Puts what is left; returns when every pack is durable. More may be appended afterwards.
  void flush();

  /// After flush(): all packs that were put, under the names that they have in the store.
  [[nodiscard]] KnownPacks written() const;
  /// After flush(): packs whose put had an unknown outcome. Nobody may refer to them by the name that append() gave.
  [[nodiscard]] MovedPacks moved() const;

 private:
  struct FullPack {
    PackBuilder builder;
    std::set<PackId> bases;
  };

  void hand_over(std::unique_lock<std::mutex>& lock);
  void put_packs(const std::stop_token& stop);
  void put(FullPack pack);
  PackBuilder::Finished put_under_some_name(PackBuilder::Finished pack);
  [[nodiscard]] bool has_arrived(const std::string& key, std::uint64_t size) const;
  PackId new_name();
  void rethrow_failure() const;

  const RepositoryState& state_;
  const SessionId session_;
  ProgressMeter& meter_;
  const Context& context_;
  const std::size_t most_on_their_way_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<FullPack> filling_;
  std::deque<FullPack> waiting_;
  std::size_t on_their_way_ = 0;  // waiting or being put
  std::uint32_t packs_started_ = 0;
  KnownPacks written_;
  MovedPacks moved_;
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace dbsnap
