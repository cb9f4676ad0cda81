#include "engines/postgres/restore.hpp"

#include "engines/postgres/entry_names.hpp"
#include "engines/postgres/globals.hpp"
#include "engines/postgres/post_data.hpp"
#include "engines/postgres/row_loader.hpp"
#include "engines/postgres/script_runner.hpp"
#include "engines/postgres/table_plan.hpp"
#include "engines/postgres/target_checks.hpp"
#include "engines/postgres/target_database.hpp"

namespace dbsnap::postgres {
namespace {

/// Statements that dbsnap itself has written.
void run_own_script(RestoreRun& run, std::string_view name) {
  if (!run.has_entry(name)) return;
  for (std::string sql : read_statements(run, name)) {
    static constexpr std::string_view kName = ":\"DBNAME\"";
    for (std::size_t at = sql.find(kName); at != std::string::npos; at = sql.find(kName, at)) {
      const std::string database = quoted(run.database());
      sql.replace(at, kName.size(), database);
      at += database.size();
    }
    run.run_statement(run.main(), sql, run.context());
  }
}

void fill_from_parts(RestoreRun& run, const RowCounts& counts) {
  // An owner may have lost the right to write to a table, or never had it.
  std::vector<std::string> privileges;
  run_script(run, kPreData, &privileges);
  const std::set<std::string> without = load_rows(run, counts);
  run_own_script(run, kSequences);
  run_own_script(run, kLargeObjectDefinitions);
  if (run.has_entry(kLargeObjects)) load_large_objects(run);
  run_post_data(run, privileges, without);
}

/// Comment, settings, privileges and owner of the database; one that was there keeps its own.
void give_properties(RestoreRun& run, const std::string& owner) {
  run_own_script(run, kDatabase);
  if (!run.options().owners || owner.empty()) return;
  run.run_statement(run.main(), "ALTER DATABASE " + quoted(run.database()) + " OWNER TO " + quoted(owner),
                    run.context());
}

std::string owner_in(Connection& server, const Manifest& manifest, const Context& context) {
  const auto owner = manifest.engine_facts.find("owner");
  if (owner == manifest.engine_facts.end()) return {};
  const std::string name = std::get<std::string>(owner->second);
  const Rows rows =
      server.query("SELECT FROM pg_roles WHERE rolname = $1", {name}, "cannot look for the owner", context);
  return rows.size() == 1 ? name : std::string();
}

/// Rows that each restored table must hold. What an extension has brought itself is not counted.
TableRows rows_of_tables(const Manifest& manifest, const PostgresOptions& options, const RowCounts& counts) {
  TableRows tables;
  for (const ManifestEntry& entry : manifest.entries) {
    const auto rows = counts.find(entry.name);
    if (rows == counts.end() || entry.facts.contains("configuration")) continue;
    const std::string schema = fact_text(entry.facts, "schema");
    const std::string table = fact_text(entry.facts, "table");
    const bool wanted = wants_rows(schema, table, options.include, options.exclude);
    tables[quoted(schema) + "." + quoted(table)] += wanted ? rows->second : 0;
  }
  return tables;
}

void check_engine(const Manifest& manifest) {
  if (manifest.source.engine == "postgres") return;
  throw Error(ErrorCode::invalid_argument,
              "snapshot " + manifest.id + " is of engine " + manifest.source.engine + ", not of postgres");
}

}  // namespace

TableRows restore_database(const Settings& settings, SnapshotReader& reader, const RestoreOptions& options,
                           const Context& context) {
  context.check();
  const Manifest& manifest = reader.manifest();
  check_engine(manifest);
  TargetDatabase target(settings, manifest, options, context);
  handle_globals(target.server(), reader, settings.options.create_globals, context);
  const RowCounts counts = read_row_counts(reader, context);
  target.create(context);
  {
    const bool transaction = target.in_place() && settings.options.in_place == PostgresInPlace::transaction;
    RestoreRun run(settings, target.name(), reader, transaction, context);
    if (run.has_entry(kScript)) {
      run_script(run, kScript);
    } else {
      fill_from_parts(run, counts);
      if (!target.in_place()) give_properties(run, owner_in(target.server(), manifest, context));
    }
    if (settings.options.analyze) analyze_tables(run);
    if (run.failures() != 0) {
      run.log(LogLevel::warning, std::to_string(run.failures()) + " statements failed and were passed over");
    }
    run.commit();
  }
  target.put_in_place(context);
  return rows_of_tables(manifest, settings.options, counts);
}

}  // namespace dbsnap::postgres
