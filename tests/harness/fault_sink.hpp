// A sink in front of another one that counts, fails, stalls, loses and corrupts on request.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dbsnap/error.hpp"
#include "dbsnap/sink.hpp"
#include "harness/gate.hpp"

namespace dbsnap::testing {

enum class SinkCall { put, get, stat, list, remove };
std::string_view name_of(SinkCall call) noexcept;

/// Which calls go wrong, and how. Calls are counted from the moment the fault is injected.
struct SinkFault {
  std::optional<SinkCall> call = {};      ///< only calls of this kind; none: of every kind
  std::string prefix = {};                ///< only calls whose key (for list: prefix) starts with this
  std::uint64_t after = 0;                ///< let so many matching calls through first
  bool every_later = false;               ///< also fail all matching calls after that one, as if the store were gone
  bool after_effect = false;              ///< carry the call out, then fail, as if the answer were lost
  std::uint64_t every = 0;                ///< not 0: of the calls after the first `after`, only each so many-th fails
  bool had_no_effect = false;             ///< the failure says so; only without `after_effect`
  bool late = false;                      ///< with `after_effect`: nobody sees the object before heal()
  std::string fact = {};                  ///< "name=value" that the failure carries, for example "retry_after_s=2"
  ErrorCode code = ErrorCode::io;         ///< what is thrown; storage_unreachable is marked retryable
  std::shared_ptr<Gate> stall = nullptr;  ///< wait here (before the call), then let it through instead of failing
};

/// Safe from many threads. Without a fault it passes everything through and counts.
class FaultSink final : public Sink {
 public:
  explicit FaultSink(std::shared_ptr<Sink> inner);

  void inject(SinkFault fault);
  /// The n-th call from now, of any kind, fails; n = 0 is the next one.
  void fail_call(std::uint64_t n, ErrorCode code = ErrorCode::io);
  /// After `n` more puts every put fails: a disk that is full.
  void fail_put_after(std::uint64_t n, ErrorCode code = ErrorCode::no_space);
  /// After `n` more calls of any kind nothing works any more: the process is dead or the network gone.
  void die_after(std::uint64_t n);
  /// Calls of this kind wait until the gate that is returned is opened or their context gives up.
  std::shared_ptr<Gate> stall(SinkCall call, std::string prefix = {});

  /// Runs `action` before each call of this kind whose key or prefix starts with `prefix`.
  void before(SinkCall call, std::string prefix, std::function<void()> action);

  /// get() of `key` sees the byte at `offset` changed by `mask`.
  void corrupt(const std::string& key, std::uint64_t offset, std::byte mask = std::byte{1});
  /// get(), stat() and list() see only the first `size` bytes of `key`.
  void truncate(const std::string& key, std::uint64_t size);
  /// get(), stat() and list() no longer see `key`.
  void lose(const std::string& key);
  /// list() ends in silence after `n` objects, as a broken store does.
  void show_only(std::uint64_t n);
  /// list() throws after it has shown `n` objects.
  void fail_list_after_objects(std::uint64_t n);
  /// What capabilities() says from now on.
  void declare(const SinkCapabilities& capabilities);
  /// Everything works again and counting starts over.
  void heal();

  [[nodiscard]] std::uint64_t calls() const;
  [[nodiscard]] std::uint64_t calls(SinkCall call) const;
  [[nodiscard]] std::uint64_t bytes_put() const;
  [[nodiscard]] std::uint64_t bytes_got() const;
  /// True when a fault has fired since it was injected.
  [[nodiscard]] bool fired() const;
  /// Every call since construction or heal(), in the order they began.
  [[nodiscard]] std::vector<std::pair<SinkCall, std::string>> log() const;

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override;
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override;
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override;
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override;
  void remove(std::string_view key, const Context& context) override;
  [[nodiscard]] SinkCapabilities capabilities() const override;
  [[nodiscard]] std::string url() const override { return inner_->url(); }

 private:
  struct Armed {
    SinkFault fault;
    std::uint64_t seen = 0;
    bool done = false;
  };
  struct Hook {
    SinkCall call;
    std::string prefix;
    std::function<void()> action;
  };
  struct Damage {
    std::map<std::uint64_t, std::byte> masks;
    std::optional<std::uint64_t> size;
    bool lost = false;
  };
  /// What a call must do besides its work.
  struct Verdict {
    bool fail_before = false;
    bool fail_after = false;
    bool had_no_effect = false;
    bool late = false;
    std::string fact;
    ErrorCode code = ErrorCode::io;
    std::shared_ptr<Gate> stall;
  };

  static Error failure(SinkCall call, std::string_view key, const Verdict& verdict);
  Verdict judge(SinkCall call, std::string_view key);
  Verdict enter(SinkCall call, std::string_view key, const Context& context);
  void run_hooks(SinkCall call, std::string_view key);
  [[nodiscard]] Damage damage_of(std::string_view key) const;

  const std::shared_ptr<Sink> inner_;
  mutable std::mutex mutex_;
  std::vector<Armed> faults_;
  std::vector<Hook> hooks_;
  std::map<std::string, Damage, std::less<>> damage_;
  std::optional<SinkCapabilities> capabilities_;
  std::optional<std::uint64_t> list_shows_;
  std::optional<std::uint64_t> list_fails_after_;
  std::array<std::uint64_t, 5> counts_{};
  std::uint64_t bytes_put_ = 0;
  std::uint64_t bytes_got_ = 0;
  bool fired_ = false;
  std::vector<std::pair<SinkCall, std::string>> log_;
};

}  // namespace dbsnap::testing
