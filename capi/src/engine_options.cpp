// SQLite's options: a live connection, a schema, a busy timeout.
#include "engine_options.hpp"

#include <chrono>
#include <string>

#if DBSNAP_CAPI_SQLITE
#include "dbsnap/engines/sqlite.hpp"
#endif
#include "dbsnap/error.hpp"
#include "dbsnap/registry.hpp"
#include "handles.hpp"
#include "option_reader.hpp"

namespace dbsnap::capi {
namespace {

#if DBSNAP_CAPI_SQLITE
std::unique_ptr<Snapshotter> open_sqlite(std::string_view path, const OptionReader& reader) {
  SqliteOptions options;
  options.path = std::string(path);
  options.connection = static_cast<sqlite3*>(reader.pointer("sqlite_connection"));
  options.schema = reader.text("sqlite_schema", options.schema);
  if (const auto timeout_ms = reader.number<std::uint32_t>("sqlite_busy_timeout_ms")) {
    options.busy_timeout = std::chrono::milliseconds(*timeout_ms);
  }
  return make_sqlite_engine(std::move(options));
}
#endif

}  // namespace

std::unique_ptr<Snapshotter> open_engine_with(std::string_view name, std::string_view target,
                                              const dbsnap_options* options) {
  const OptionReader reader(options, Operation::engine);
  if (options == nullptr || options->values.empty()) return open_engine_named(name, target);
#if DBSNAP_CAPI_SQLITE
  if (name == "sqlite" && target.starts_with('/')) return open_sqlite(target, reader);
#endif
  throw Error(ErrorCode::invalid_argument, "option " + options->values.begin()->first +
                                               " needs the engine sqlite and an absolute path, not " +
                                               std::string(name) + " and " + std::string(target));
}

}  // namespace dbsnap::capi
