// Forwarding sink: what all wrappers pass on unchanged.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dbsnap/error.hpp"
#include "dbsnap/sink.hpp"

namespace dbsnap {

/// Passes every call on; a wrapper overrides those that it has something to add to.
class ForwardingSink : public Sink {
 public:
  /// Throws Error{invalid_argument} when there is no inner sink.
  explicit ForwardingSink(std::shared_ptr<Sink> inner) : inner_(std::move(inner)) {
    if (!inner_) throw Error(ErrorCode::invalid_argument, "no sink was given to wrap");
  }

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    return inner_->put(key, bytes, options, context);
  }
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    return inner_->get(key, range, context);
  }
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override {
    return inner_->stat(key, context);
  }
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override {
    inner_->list(prefix, visitor, context);
  }
  void remove(std::string_view key, const Context& context) override { inner_->remove(key, context); }
  void remove_all(std::span<const std::string> keys, const Context& context) override {
    inner_->remove_all(keys, context);
  }
  [[nodiscard]] SinkCapabilities capabilities() const override { return inner_->capabilities(); }
  std::vector<Finding> examine(const Context& context) override { return inner_->examine(context); }
  [[nodiscard]] std::string url() const override { return inner_->url(); }

 protected:
  [[nodiscard]] Sink& inner() noexcept { return *inner_; }

 private:
  const std::shared_ptr<Sink> inner_;
};

}  // namespace dbsnap
