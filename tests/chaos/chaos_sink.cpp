#include "chaos/chaos_sink.hpp"

#include <unistd.h>

#include <csignal>
#include <vector>

namespace dbsnap::testing {

PutResult ChaosSink::put(std::string_view key, ByteView bytes, const PutOptions& options, const Context& context) {
  const bool struck = is_struck(true);
  if (struck && !fault_.after_effect) strike(key);
  const PutResult result = inner_->put(key, bytes, options, context);
  if (struck && fault_.after_effect) strike(key);
  return result;
}

Bytes ChaosSink::get(std::string_view key, const ByteRange& range, const Context& context) {
  const bool struck = is_struck(false);
  if (struck && !fault_.after_effect) strike(key);
  Bytes bytes = inner_->get(key, range, context);
  if (struck && fault_.after_effect) strike(key);
  return bytes;
}

std::optional<ObjectInfo> ChaosSink::stat(std::string_view key, const Context& context) {
  const bool struck = is_struck(false);
  if (struck && !fault_.after_effect) strike(key);
  auto info = inner_->stat(key, context);
  if (struck && fault_.after_effect) strike(key);
  return info;
}

void ChaosSink::list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& visitor,
                     const Context& context) {
  const bool struck = is_struck(false);
  if (struck && !fault_.after_effect) strike(prefix);
  const std::uint64_t number = ++listings_;
  const bool changed = listing_.every_later ? number >= listing_.at : number == listing_.at;
  const auto shows = changed ? listing_.shows : ChaosListing::Shows::everything;
  if (shows == ChaosListing::Shows::failure) throw Error(ErrorCode::io, "injected failure of a listing");
  std::uint64_t position = 0;
  inner_->list(
      prefix,
      [&](const ObjectInfo& object) {
        if (shows == ChaosListing::Shows::nothing) return true;
        if (shows == ChaosListing::Shows::half && position++ % 2 == 0) return true;
        return visitor(object);
      },
      context);
  if (struck && fault_.after_effect) strike(prefix);
}

void ChaosSink::remove(std::string_view key, const Context& context) {
  const bool struck = is_struck(true);
  if (struck && !fault_.after_effect) strike(key);
  inner_->remove(key, context);
  if (struck && fault_.after_effect) strike(key);
}

bool ChaosSink::is_struck(bool is_write) {
  if (fault_.action == ChaosFault::Action::none || (fault_.writes_only && !is_write)) return false;
  const std::uint64_t call = ++calls_;
  return fault_.every_later ? call >= fault_.at : call == fault_.at;
}

void ChaosSink::strike(std::string_view key) const {
  if (fault_.action == ChaosFault::Action::fail) {
    throw Error(fault_.code, "injected failure at " + std::string(key)).with("object", std::string(key));
  }
  ::kill(::getpid(), fault_.action == ChaosFault::Action::stop ? SIGSTOP : SIGKILL);
}

}  // namespace dbsnap::testing
