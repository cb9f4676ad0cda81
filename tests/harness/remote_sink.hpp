// A store as if it were far away: reads are not cheap, and several calls at once pay.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "dbsnap/sink.hpp"

namespace dbsnap::testing {

/// Passes everything through to `inner`; only what it says of itself differs.
class RemoteSink final : public Sink {
 public:
  explicit RemoteSink(std::shared_ptr<Sink> inner, unsigned parallel = 4)
      : inner_(std::move(inner)), parallel_(parallel) {}

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    const UnderWay call(*this);
    return inner_->put(key, bytes, options, context);
  }
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    const UnderWay call(*this);
    return inner_->get(key, range, context);
  }
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override {
    const UnderWay call(*this);
    return inner_->stat(key, context);
  }
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override {
    const UnderWay call(*this);
    inner_->list(prefix, visitor, context);
  }
  void remove(std::string_view key, const Context& context) override {
    const UnderWay call(*this);
    inner_->remove(key, context);
  }
  [[nodiscard]] SinkCapabilities capabilities() const override {
    SinkCapabilities all = inner_->capabilities();
    all.cheap_reads = false;
    all.parallel = parallel_;
    return all;
  }
  [[nodiscard]] std::string url() const override { return inner_->url(); }

  /// The next `calls` calls wait for each other, after `skipped` that do not; whoever is left alone for ten seconds
  /// goes on.
  void meet(unsigned calls, unsigned skipped = 0) {
    const std::scoped_lock lock(mutex_);
    expected_ = calls;
    skipped_ = skipped;
    met_ = 0;
  }
  /// True when as many calls as were expected came together.
  [[nodiscard]] bool have_met() const {
    const std::scoped_lock lock(mutex_);
    return met_ == expected_;
  }
  /// Length of the longest row of calls that each began after the one before had ended.
  [[nodiscard]] unsigned rounds() const { return rounds_; }
  void count_anew() { rounds_ = 0; }

 private:
  struct UnderWay {
    explicit UnderWay(RemoteSink& sink_in) : sink(sink_in), round(sink_in.rounds_ + 1) { sink.wait_for_others(); }
    ~UnderWay() {
      for (unsigned seen = sink.rounds_; seen < round && !sink.rounds_.compare_exchange_weak(seen, round);) {
      }
    }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    RemoteSink& sink;
    const unsigned round;
  };

  void wait_for_others() {
    std::unique_lock lock(mutex_);
    if (skipped_ > 0) {
      --skipped_;
      return;
    }
    if (met_ == expected_) return;
    ++met_;
    came_.notify_all();
    came_.wait_for(lock, std::chrono::seconds(10), [&] { return met_ == expected_; });
  }

  const std::shared_ptr<Sink> inner_;
  const unsigned parallel_;
  mutable std::mutex mutex_;
  std::condition_variable came_;
  unsigned expected_ = 0;
  unsigned skipped_ = 0;
  unsigned met_ = 0;
  std::atomic<unsigned> rounds_ = 0;
};

}  // namespace dbsnap::testing
