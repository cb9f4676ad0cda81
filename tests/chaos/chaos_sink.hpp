// A sink that stops, kills or fails its own process at one call, or lists less than there is.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dbsnap/error.hpp"
#include "dbsnap/sink.hpp"

namespace dbsnap::testing {

/// What happens at call `at` of the store, the first being 1. Only puts and removes count with `writes_only`.
struct ChaosFault {
  enum class Action { none, stop, kill, fail };
  Action action = Action::none;
  std::uint64_t at = 0;
  bool after_effect = false;
  bool writes_only = false;
  bool every_later = false;
  ErrorCode code = ErrorCode::io;  ///< of a failing call
};

/// What listing `at` shows, the first being 1; all from then on with `every_later`.
struct ChaosListing {
  enum class Shows { everything, nothing, half, failure };
  Shows shows = Shows::everything;
  std::uint64_t at = 1;
  bool every_later = true;
};

/// In front of a real sink. Safe for many threads.
class ChaosSink final : public Sink {
 public:
  ChaosSink(std::shared_ptr<Sink> inner, const ChaosFault& fault, const ChaosListing& listing)
      : inner_(std::move(inner)), fault_(fault), listing_(listing) {}

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override;
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override;
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override;
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override;
  void remove(std::string_view key, const Context& context) override;
  [[nodiscard]] SinkCapabilities capabilities() const override { return inner_->capabilities(); }
  [[nodiscard]] std::string url() const override { return inner_->url(); }

 private:
  bool is_struck(bool is_write);  // counts the call
  void strike(std::string_view key) const;

  std::shared_ptr<Sink> inner_;
  const ChaosFault fault_;
  const ChaosListing listing_;
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> listings_{0};
};

}  // namespace dbsnap::testing
