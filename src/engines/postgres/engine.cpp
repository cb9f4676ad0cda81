// The PostgreSQL engine: binds the operations in this folder to one database.
#include <string>
#include <utility>
#include <vector>

#include "base/registry.hpp"
#include "dbsnap/error.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/import_session.hpp"
#include "engines/postgres/plain_export.hpp"
#include "engines/postgres/restore.hpp"
#include "engines/postgres/scratch_server.hpp"
#include "engines/postgres/session.hpp"

namespace dbsnap {
namespace {

using postgres::Settings;

class PostgresEngine final : public Snapshotter {
 public:
  explicit PostgresEngine(Settings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] SourceInfo describe() const override {
    SourceInfo info;
    info.engine = "postgres";
    info.url = settings_.url;
    info.name = settings_.database().empty() ? "postgres" : settings_.database();
    return info;
  }

  std::unique_ptr<Session> begin(const SnapshotRequest& /*request*/, const Context& context) override {
    context.check();
    if (!settings_.options.databases.empty()) {
      throw Error(ErrorCode::invalid_argument, "a snapshot is of one database, but databases= names several");
    }
    return postgres::begin_session(settings_, context);
  }

  void restore(SnapshotReader& reader, const RestoreOptions& options, const Context& context) override {
    restored_ = postgres::restore_database(settings_, reader, options, context);
  }

  void check_restored(const Context& context) override { postgres::check_database(settings_, restored_, context); }

  [[nodiscard]] std::unique_ptr<Snapshotter> scratch_target(const std::string& folder) const override {
    return postgres::make_scratch_engine(settings_, folder);
  }

  void export_plain(SnapshotReader& reader, EntryWriter& out, const Context& context) override {
    postgres::export_script(reader, out, context);
  }

  std::unique_ptr<Session> begin_import(std::unique_ptr<EntryReader> file, const Context& context) override {
    return postgres::begin_import_session(std::move(file), context);
  }

 private:
  Settings settings_;
  postgres::TableRows restored_;  ///< what the last restore has left
};

std::vector<std::string> all_databases(const Settings& settings, const Context& context) {
  const std::string& start = settings.database().empty() ? settings.options.maintenance_database : settings.database();
  postgres::Connection server(settings, start, context);
  const postgres::Rows rows =
      server.query("SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname",
                   "cannot list the databases", context);
  std::vector<std::string> names;
  for (int row = 0; row < rows.size(); ++row) names.push_back(rows.text(row, 0));
  return names;
}

/// An engine for each database that the URL names.
std::vector<std::unique_ptr<Snapshotter>> open_all(const Url& url, const Environment& environment,
                                                   const Context& context) {
  const Settings settings = postgres::settings_of(url, environment);
  std::vector<std::string> names = settings.options.databases;
  if (names == std::vector<std::string>{"*"}) names = all_databases(settings, context);
  std::vector<std::unique_ptr<Snapshotter>> engines;
  for (const std::string& name : names) {
    engines.push_back(std::make_unique<PostgresEngine>(settings.for_database(name)));
  }
  if (engines.empty()) engines.push_back(std::make_unique<PostgresEngine>(settings));
  return engines;
}

}  // namespace

std::unique_ptr<Snapshotter> make_postgres_engine(PostgresOptions options) {
  return std::make_unique<PostgresEngine>(postgres::make_settings(std::move(options), {}));
}

void register_engine_postgres(Registry& registry) {
  registry.add_engine({"postgres",
                       {"postgres", "postgresql"},
                       [](const Url& url, const Environment& environment) -> std::unique_ptr<Snapshotter> {
                         return std::make_unique<PostgresEngine>(postgres::settings_of(url, environment));
                       },
                       open_all});
}

}  // namespace dbsnap
