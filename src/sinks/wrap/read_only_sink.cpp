// A sink through which nothing can be changed.
#include "dbsnap/sinks/wrap.hpp"
#include "sinks/wrap/forwarding_sink.hpp"

namespace dbsnap {
namespace {

Error refused(std::string_view what, std::string_view key, const Sink& sink) {
  return Error(ErrorCode::access_refused, std::string(what) + " of " + std::string(key) +
                                              " was refused: " + sink.url() + " is open for reading only")
      .had_no_effect()
      .with("object", std::string(key));
}

class ReadOnlySink final : public ForwardingSink {
 public:
  using ForwardingSink::ForwardingSink;

  PutResult put(std::string_view key, ByteView /*bytes*/, const PutOptions& /*options*/,
                const Context& context) override {
    context.check();
    throw refused("put", key, *this);
  }
  void remove(std::string_view key, const Context& context) override {
    context.check();
    throw refused("removal", key, *this);
  }
  void remove_all(std::span<const std::string> keys, const Context& context) override {
    context.check();
    if (!keys.empty()) throw refused("removal", keys.front(), *this);
  }
};

}  // namespace

std::shared_ptr<Sink> make_read_only_sink(std::shared_ptr<Sink> inner) {
  return std::make_shared<ReadOnlySink>(std::move(inner));
}

}  // namespace dbsnap
