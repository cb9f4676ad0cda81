// The SQLite engine: binds the operations in this folder to one path or connection.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/registry.hpp"
#include "base/url.hpp"
#include "dbsnap/engines/sqlite.hpp"
#include "engines/sqlite/connection.hpp"
#include "engines/sqlite/restore.hpp"
#include "engines/sqlite/session.hpp"

namespace dbsnap {
namespace {

class SqliteEngine final : public Snapshotter {
 public:
  explicit SqliteEngine(SqliteOptions options) : options_(std::move(options)) {}

  [[nodiscard]] SourceInfo describe() const override {
    SourceInfo info;
    info.engine = "sqlite";
    info.url = local_url("sqlite", options_.path);
    info.name = std::filesystem::path(options_.path).filename();
    return info;
  }

  std::unique_ptr<Session> begin(const SnapshotRequest& /*request*/, const Context& context) override {
    context.check();
    return sqlite::begin_session(options_, context);
  }

  void restore(SnapshotReader& reader, const RestoreOptions& options, const Context& context) override {
    check_bound_to_path("restore");
    sqlite::restore_database(options_.path, reader, options, context);
  }

  void check_restored(const Context& context) override {
    check_bound_to_path("check");
    sqlite::check_database(options_.path, context);
  }

  [[nodiscard]] std::unique_ptr<Snapshotter> scratch_target(const std::string& folder) const override {
    SqliteOptions scratch;
    scratch.path = folder + "/restored.sqlite";
    scratch.busy_timeout = options_.busy_timeout;
    return make_sqlite_engine(std::move(scratch));
  }

  std::unique_ptr<Session> begin_import(std::unique_ptr<EntryReader> file, const Context& context) override {
    return sqlite::begin_import_session(std::move(file), "the imported file", context);
  }

 private:
  void check_bound_to_path(const std::string& verb) const {
    if (options_.connection == nullptr) return;
    throw Error(ErrorCode::invalid_argument, "cannot " + verb + " " + options_.path + " through a lent connection");
  }

  SqliteOptions options_;
};

}  // namespace

std::unique_ptr<Snapshotter> make_sqlite_engine(SqliteOptions options) {
  if (options.connection != nullptr) {
    const std::string opened = sqlite::path_of_schema(options.connection, options.schema);
    if (options.path.empty()) options.path = opened;
    std::error_code ignored;
    if (options.path != opened && !std::filesystem::equivalent(options.path, opened, ignored)) {
      throw Error(ErrorCode::invalid_argument,
                  "the connection's schema " + options.schema + " is " + opened + ", not " + options.path);
    }
  } else if (options.schema != "main") {
    throw Error(ErrorCode::invalid_argument, "schema " + options.schema + " can only be reached through a connection");
  }
  if (!options.path.starts_with('/')) {
    throw Error(ErrorCode::invalid_argument,
                "the path of an SQLite database must be absolute, not '" + options.path + "'");
  }
  return std::make_unique<SqliteEngine>(std::move(options));
}

void register_engine_sqlite(Registry& registry) {
  registry.add_engine({"sqlite", {"sqlite"}, [](const Url& url, const Environment& /*environment*/) {
                         SqliteOptions options;
                         options.path = local_path_of(url);
                         return make_sqlite_engine(std::move(options));
                       }});
}

}  // namespace dbsnap
