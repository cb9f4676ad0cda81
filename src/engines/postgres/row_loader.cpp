#include "engines/postgres/row_loader.hpp"

#include <algorithm>
#include <atomic>
#include <map>

#include "dbsnap/error.hpp"
#include "engines/postgres/entry_names.hpp"
#include "engines/postgres/table_plan.hpp"
#include "engines/postgres/target_checks.hpp"

namespace dbsnap::postgres {
namespace {

/// Feeds an entry to COPY … FROM STDIN.
class CopyWriter final : public EntryWriter {
 public:
  CopyWriter(Connection& connection, const Context& context) : connection_(connection), context_(context) {}
  void write(std::uint64_t /*offset*/, ByteView bytes) override { connection_.copy_in(bytes, context_); }

 private:
  Connection& connection_;
  const Context& context_;
};

/// One table, or one part of a table whose parts are loaded at once.
struct LoadJob {
  std::string table;    ///< as SQL writes it
  std::string columns;  ///< " (a, b)" or nothing
  std::vector<const ManifestEntry*> parts;
  std::uint64_t size = 0;
  bool frozen = false;  ///< the table is emptied in the same transaction, so that rows can be stored as old ones
};

struct Table {
  std::string name;
  std::string columns;
  std::int64_t parts = 1;
  bool configuration = false;
  std::vector<const ManifestEntry*> entries;
};

std::int64_t fact_number(const Facts& facts, std::string_view name, std::int64_t missing) {
  const auto found = facts.find(name);
  if (found == facts.end()) return missing;
  const auto* number = std::get_if<std::int64_t>(&found->second);
  return number == nullptr ? missing : *number;
}

/// Tables of the snapshot by name. Throws when one is not whole.
std::map<std::string, Table> tables_of(const RestoreRun& run, const Manifest& manifest,
                                       std::set<std::string>& without) {
  std::map<std::string, Table> tables;
  for (const ManifestEntry& entry : manifest.entries) {
    if (!entry.name.starts_with(kTablePrefix)) continue;
    const std::string schema = fact_text(entry.facts, "schema");
    const std::string name = fact_text(entry.facts, "table");
    const std::string label = quoted(schema) + "." + quoted(name);
    if (!wants_rows(schema, name, run.options().include, run.options().exclude)) {
      const std::size_t end = entry.name.find('/', kTablePrefix.size());
      without.insert(entry.name.substr(kTablePrefix.size(), end - kTablePrefix.size()));
      continue;
    }
    Table& table = tables[label];
    table.name = label;
    const std::string columns = fact_text(entry.facts, "columns");
    table.columns = columns.empty() ? "" : " (" + columns + ")";
    table.parts = fact_number(entry.facts, "parts", 1);
    table.configuration = entry.facts.contains("configuration");
    table.entries.push_back(&entry);
  }
  for (const auto& [label, table] : tables) {
    if (table.entries.size() == static_cast<std::size_t>(table.parts)) continue;
    throw Error(ErrorCode::damaged, "snapshot " + manifest.id + " holds " + std::to_string(table.entries.size()) +
                                        " of " + std::to_string(table.parts) + " parts of table " + label);
  }
  return tables;
}

std::vector<LoadJob> jobs_of(const RestoreRun& run, const std::map<std::string, Table>& tables, bool alone) {
  std::vector<LoadJob> jobs;
  for (const auto& [label, table] : tables) {
    const bool together = table.parts == 1 || alone;
    if (together) {
      // Savepoints around statements make a table too old for it.
      const bool frozen = !table.configuration && !(run.transaction() && run.options().continue_on_error);
      LoadJob job{table.name, table.columns, table.entries, 0, frozen};
      for (const ManifestEntry* entry : table.entries) job.size += entry->size;
      jobs.push_back(std::move(job));
      continue;
    }
    for (const ManifestEntry* entry : table.entries)
      jobs.push_back({table.name, table.columns, {entry}, entry->size, false});
  }
  // Small tables last, so that all connections end at about the same time.
  std::ranges::stable_sort(jobs, std::greater(), &LoadJob::size);
  if (run.transaction()) return jobs;
  // An empty table that stands there already needs nothing.
  std::erase_if(jobs, [](const LoadJob& job) { return job.size == 0; });
  return jobs;
}

void check_rows(const LoadJob& job, const ManifestEntry& entry, const RowCounts& counts, std::uint64_t taken) {
  const auto rows = counts.find(entry.name);
  if (rows != counts.end() && rows->second == taken) return;
  const std::string wanted = rows == counts.end() ? "an unknown number" : std::to_string(rows->second);
  throw Error(ErrorCode::damaged, "table " + job.table + " has taken " + std::to_string(taken) + " rows of entry " +
                                      entry.name + ", which held " + wanted + " when it was read")
      .with("entry", entry.name);
}

void load(RestoreRun& run, const LoadJob& job, const std::string& encoding, const RowCounts& counts,
          Connection& connection, const Context& context) {
  const std::string action = "cannot restore the rows of table " + job.table;
  const bool emptied = job.frozen && !run.transaction();
  if (emptied) {
    connection.run("BEGIN", action, context);
    connection.run("TRUNCATE TABLE ONLY " + job.table, action, context);
  }
  const std::string sql = "COPY " + job.table + job.columns + " FROM STDIN (FREEZE " + (job.frozen ? "on" : "off") +
                          ", ENCODING " + literal(encoding) + ")";
  for (const ManifestEntry* entry : job.parts) {
    connection.begin_copy_in(sql, action, context);
    CopyWriter writer(connection, context);
    run.reader().copy_entry(entry->name, writer, context);
    check_rows(job, *entry, counts, connection.end_copy_in(context));
  }
  if (emptied) connection.run("COMMIT", action, context);
}

}  // namespace

std::set<std::string> load_rows(RestoreRun& run, const RowCounts& counts) {
  const Manifest& manifest = run.reader().manifest();
  std::set<std::string> without;
  const auto tables = tables_of(run, manifest, without);
  const bool alone = run.transaction() || run.options().jobs == 1;
  const std::vector<LoadJob> jobs = jobs_of(run, tables, alone);
  const std::string encoding = fact_text(manifest.engine_facts, "encoding");
  std::atomic<std::size_t> next{0};
  run.on_connections(jobs.size(), [&](Connection& connection, const Context& context) {
    // What names tables is in UTF-8; the encoding of the rows stands in each COPY.
    if (encoding != "SQL_ASCII") connection.run("SET client_encoding = 'UTF8'", "cannot set the encoding", context);
    for (std::size_t n = next++; n < jobs.size(); n = next++) load(run, jobs[n], encoding, counts, connection, context);
  });
  return without;
}

}  // namespace dbsnap::postgres
