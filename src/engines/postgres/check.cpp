#include <string>

#include "dbsnap/error.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/restore.hpp"

namespace dbsnap::postgres {
namespace {

/// Reads every row of a table, out-of-line values excepted; an unreadable page is an error of the server's.
std::uint64_t count_rows(Connection& connection, const std::string& table, const Context& context) {
  const Rows rows =
      connection.query("SELECT count(*) FROM ONLY " + table, "cannot read the restored table " + table, context);
  return static_cast<std::uint64_t>(rows.number(0, 0));
}

Error damaged(const std::string& what) { return Error(ErrorCode::damaged, what); }

}  // namespace

void check_database(const Settings& settings, TableRows expected, const Context& context) {
  Connection connection(settings, "", context);
  connection.run("SET search_path = ''; SET statement_timeout = 0; SET row_security = off",
                 "cannot prepare the session", context);
  const Rows invalid = connection.query(
      "SELECT coalesce(string_agg(indexrelid::regclass::text, ', '), '') FROM pg_index JOIN pg_class ON "
      "pg_class.oid = indexrelid WHERE NOT indisvalid AND relkind = 'i'",
      "cannot ask for the state of the indexes", context);
  if (!invalid.at(0, 0).empty()) throw damaged("indexes of the restored database are not valid: " + invalid.text(0, 0));
  const Rows tables = connection.query(
      "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' "
      "AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'",
      "cannot list the restored tables", context);
  for (int row = 0; row < tables.size(); ++row) {
    const std::string table = quoted(tables.at(row, 0)) + "." + quoted(tables.at(row, 1));
    const std::uint64_t have = count_rows(connection, table, context);
    const auto wanted = expected.find(table);
    if (wanted == expected.end()) continue;
    if (have != wanted->second) {
      throw damaged("the restored table " + table + " holds " + std::to_string(have) + " rows instead of " +
                    std::to_string(wanted->second));
    }
    expected.erase(wanted);
  }
  if (!expected.empty()) throw damaged("the restored database lacks table " + expected.begin()->first);
}

}  // namespace dbsnap::postgres
