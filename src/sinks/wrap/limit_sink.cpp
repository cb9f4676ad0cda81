// A sink that lets no more bytes per second pass than it is told.
#include "base/rate_limit.hpp"
#include "dbsnap/sinks/wrap.hpp"
#include "sinks/wrap/forwarding_sink.hpp"

namespace dbsnap {
namespace {

class LimitSink final : public ForwardingSink {
 public:
  LimitSink(std::shared_ptr<Sink> inner, const LimitOptions& options)
      : ForwardingSink(std::move(inner)), up_(options.upload), down_(options.download) {}

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    up_.take_in_turns(bytes.size(), context);
    return inner().put(key, bytes, options, context);
  }
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    Bytes bytes = inner().get(key, range, context);
    down_.take_in_turns(bytes.size(), context);
    return bytes;
  }

 private:
  RateLimit up_;
  RateLimit down_;
};

}  // namespace

std::shared_ptr<Sink> make_limit_sink(std::shared_ptr<Sink> inner, const LimitOptions& options) {
  if (options.upload == 0 && options.download == 0 && inner) return inner;
  return std::make_shared<LimitSink>(std::move(inner), options);
}

}  // namespace dbsnap
