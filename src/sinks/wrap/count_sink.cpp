// A sink that counts what it is asked for.
#include "dbsnap/sinks/wrap.hpp"
#include "sinks/wrap/forwarding_sink.hpp"

namespace dbsnap {
namespace {

class CountSink final : public ForwardingSink {
 public:
  CountSink(std::shared_ptr<Sink> inner, std::shared_ptr<SinkCounter> counter)
      : ForwardingSink(std::move(inner)), counter_(std::move(counter)) {}

  PutResult put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) override {
    counter_->add({.puts = 1});
    const PutResult result = inner().put(key, bytes, options, context);
    if (result == PutResult::stored) counter_->add({.bytes_up = bytes.size()});
    return result;
  }
  Bytes get(std::string_view key, const ByteRange& range, const Context& context) override {
    counter_->add({.gets = 1});
    Bytes bytes = inner().get(key, range, context);
    counter_->add({.bytes_down = bytes.size()});
    return bytes;
  }
  std::optional<ObjectInfo> stat(std::string_view key, const Context& context) override {
    counter_->add({.stats = 1});
    return inner().stat(key, context);
  }
  void list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
            const Context& context) override {
    counter_->add({.lists = 1});
    inner().list(prefix, visitor, context);
  }
  void remove(std::string_view key, const Context& context) override {
    counter_->add({.removes = 1});
    inner().remove(key, context);
  }
  void remove_all(std::span<const std::string> keys, const Context& context) override {
    counter_->add({.removes = keys.size()});
    inner().remove_all(keys, context);
  }

 private:
  const std::shared_ptr<SinkCounter> counter_;
};

}  // namespace

void SinkCounter::add(const SinkCounts& more) {
  const std::scoped_lock lock(mutex_);
  counts_.puts += more.puts;
  counts_.gets += more.gets;
  counts_.stats += more.stats;
  counts_.lists += more.lists;
  counts_.removes += more.removes;
  counts_.bytes_up += more.bytes_up;
  counts_.bytes_down += more.bytes_down;
}

SinkCounts SinkCounter::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

std::shared_ptr<Sink> make_count_sink(std::shared_ptr<Sink> inner, std::shared_ptr<SinkCounter> counter) {
  if (!counter) throw Error(ErrorCode::invalid_argument, "no counter was given to count with");
  return std::make_shared<CountSink>(std::move(inner), std::move(counter));
}

}  // namespace dbsnap
