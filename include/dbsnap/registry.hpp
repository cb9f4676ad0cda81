// Registry: from a URL to a sink or an engine. The only place that knows which ones were built in.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/export.hpp"
#include "dbsnap/sink.hpp"
#include "dbsnap/sinks/wrap.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap {

/// One component of this build.
struct ComponentInfo {
  std::string kind;                  ///< "engine" or "sink"
  std::string name;                  ///< "sqlite", "local", …
  std::vector<std::string> schemes;  ///< URL schemes it answers to
};

/// What was built in, engines first, each kind by name.
DBSNAP_API std::vector<ComponentInfo> components();
/// True when the engine or sink `name` was built in.
DBSNAP_API bool has_component(std::string_view name);

/// Opens the store of a repository: "file:///var/backups", a plain path, or "memory:" (private to
/// the returned object). A store across a network is wrapped by make_retry_sink(). Every URL may hold the parameters
/// `upload_limit` and `download_limit`, sizes per second such as 10MiB (see make_limit_sink()). Throws invalid_argument
/// for an unknown scheme, naming the known ones, and unsupported for one that was left out of this build.
DBSNAP_API std::shared_ptr<Sink> open_sink(std::string_view url);
/// The same; a limit in `limits` that is not 0 takes the place of the URL's.
DBSNAP_API std::shared_ptr<Sink> open_sink(std::string_view url, const LimitOptions& limits);

/// Opens an engine bound to a source or target URL, for example "sqlite:///srv/app.db".
DBSNAP_API std::unique_ptr<Snapshotter> open_engine(std::string_view url);

/// Opens an engine for each source that `url` names: "postgres://host/?databases=all" stands for several databases,
/// each of which is a snapshot of its own. At least one; for all but such URLs exactly the one of open_engine(). May
/// connect.
DBSNAP_API std::vector<std::unique_ptr<Snapshotter>> open_engines(std::string_view url, const Context& context);

/// Opens engine `name` bound to `target`, which may be a URL of that engine or a plain path.
DBSNAP_API std::unique_ptr<Snapshotter> open_engine_named(std::string_view name, std::string_view target);

}  // namespace dbsnap
