#include "base/registry.hpp"

#include <algorithm>
#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

template <typename Entry>
const Entry* find_by_name(const std::vector<Entry>& entries, std::string_view name) noexcept {
  const auto found = std::ranges::find(entries, name, &Entry::name);
  return found == entries.end() ? nullptr : &*found;
}

template <typename Entry>
const Entry* find_by_scheme(const std::vector<Entry>& entries, std::string_view scheme) noexcept {
  const auto found = std::ranges::find_if(
      entries, [&](const Entry& entry) { return std::ranges::find(entry.schemes, scheme) != entry.schemes.end(); });
  return found == entries.end() ? nullptr : &*found;
}

template <typename Entry>
void add_in_order(std::vector<Entry>& entries, Entry entry, const std::string& kind) {
  if (entry.schemes.empty() || !entry.open) {
    throw Error(ErrorCode::internal, kind + " " + entry.name + " is registered without a scheme or a factory");
  }
  if (find_by_name(entries, entry.name) != nullptr) {
    throw Error(ErrorCode::internal, kind + " " + entry.name + " is registered twice");
  }
  for (const std::string& scheme : entry.schemes) {
    if (const Entry* other = find_by_scheme(entries, scheme); other != nullptr) {
      throw Error(ErrorCode::internal, kind + "s " + other->name + " and " + entry.name + " both claim " + scheme);
    }
  }
  const auto place = std::ranges::upper_bound(entries, entry.name, {}, &Entry::name);
  entries.insert(place, std::move(entry));
}

}  // namespace

void Registry::add_engine(EngineEntry entry) { add_in_order(engines_, std::move(entry), "engine"); }
void Registry::add_sink(SinkEntry entry) { add_in_order(sinks_, std::move(entry), "sink"); }

const EngineEntry* Registry::engine_named(std::string_view name) const noexcept { return find_by_name(engines_, name); }
const EngineEntry* Registry::engine_for(std::string_view scheme) const noexcept {
  return find_by_scheme(engines_, scheme);
}
const SinkEntry* Registry::sink_named(std::string_view name) const noexcept { return find_by_name(sinks_, name); }
const SinkEntry* Registry::sink_for(std::string_view scheme) const noexcept { return find_by_scheme(sinks_, scheme); }

}  // namespace dbsnap
