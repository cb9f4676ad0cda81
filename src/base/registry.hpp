// Where engines and sinks announce themselves; one generated file calls all of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "base/url.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/sink.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap {

/// An engine of this build. `open` binds it to a source or target and must not touch the database;
/// it throws Error{invalid_argument} for a URL that it cannot read. `schemes` is not empty; a plain
/// path reaches `open` as a Url with the first scheme and an absolute path.
struct EngineEntry {
  std::string name;
  std::vector<std::string> schemes;
  std::function<std::unique_ptr<Snapshotter>(const Url&, const Environment&)> open;
  /// Where a URL may name several sources: an engine for each, one at least. May ask the database.
  std::function<std::vector<std::unique_ptr<Snapshotter>>(const Url&, const Environment&, const Context&)> open_all =
      {};
};

/// A sink of this build; as above. A plain path reaches the sink of scheme "file".
struct SinkEntry {
  std::string name;
  std::vector<std::string> schemes;
  std::function<std::shared_ptr<Sink>(const Url&, const Environment&)> open;
  bool remote = false;  ///< across a network: calls fail now and then and are worth repeating
};

/// Each component provides `void register_<kind>_<name>(Registry&)` in namespace dbsnap, which adds
/// its entry. Throws Error{internal} when a name or a scheme of the same kind is taken.
class Registry {
 public:
  void add_engine(EngineEntry entry);
  void add_sink(SinkEntry entry);

  /// By name, in ascending order.
  [[nodiscard]] const std::vector<EngineEntry>& engines() const noexcept { return engines_; }
  [[nodiscard]] const std::vector<SinkEntry>& sinks() const noexcept { return sinks_; }

  /// Null when there is none.
  [[nodiscard]] const EngineEntry* engine_named(std::string_view name) const noexcept;
  [[nodiscard]] const EngineEntry* engine_for(std::string_view scheme) const noexcept;
  [[nodiscard]] const SinkEntry* sink_named(std::string_view name) const noexcept;
  [[nodiscard]] const SinkEntry* sink_for(std::string_view scheme) const noexcept;

 private:
  std::vector<EngineEntry> engines_;
  std::vector<SinkEntry> sinks_;
};

}  // namespace dbsnap
