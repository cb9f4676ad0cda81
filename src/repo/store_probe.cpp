#include "repo/store_probe.hpp"

#include <string>

#include "base/random.hpp"
#include "dbsnap/error.hpp"
#include "format/byte_io.hpp"
#include "format/names.hpp"

namespace dbsnap {
namespace {

constexpr std::string_view kFirst = "dbsnap probe, first\n";
constexpr std::string_view kSecond = "dbsnap probe, second\n";

/// One object; gone when the probe has come to its end.
class ProbeObject {
 public:
  ProbeObject(Sink& sink, const Context& context)
      : sink_(sink), context_(context), key_(std::string(kProbePrefix) + random_hex(16)) {}

  StoreModes probe() {
    StoreModes modes{.if_absent = puts_once(), .list_after_write = shows(true)};
    sink_.remove(key_, context_);
    modes.list_after_write = shows(false) && modes.list_after_write;
    return modes;
  }

 private:
  // The object is there afterwards, whatever the store does with the condition.
  bool puts_once() {
    try {
      const PutResult first = sink_.put(key_, as_byte_view(kFirst), {.if_absent = true}, context_);
      // A sink that puts again after a lost answer meets its own object: nothing else has the random name.
      if (first != PutResult::stored && !sink_.stat(key_, context_)) return false;
      const bool refused =
          sink_.put(key_, as_byte_view(kSecond), {.if_absent = true}, context_) == PutResult::already_exists;
      const Bytes left = sink_.get(key_, {}, context_);
      return refused && as_text(left) == kFirst;
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::unsupported) throw;
      sink_.put(key_, as_byte_view(kFirst), {}, context_);
      return false;
    }
  }

  bool shows(bool there) {
    bool shown = false;
    sink_.list(
        kProbePrefix,
        [&](const ObjectInfo& object) {
          shown = shown || object.key == key_;
          return !shown;
        },
        context_);
    return shown == there;
  }

  Sink& sink_;
  const Context& context_;
  const std::string key_;
};

}  // namespace

StoreModes probe_store(Sink& sink, const Context& context) {
  const SinkCapabilities declared = sink.capabilities();
  const StoreModes found = ProbeObject(sink, context).probe();
  return {.if_absent = declared.if_absent && found.if_absent,
          .list_after_write = declared.list_after_write && found.list_after_write};
}

}  // namespace dbsnap
