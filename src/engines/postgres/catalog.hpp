// What a database holds, read from its catalogs under one snapshot: tables, sequences, large objects, and facts that a
// restore checks its target against.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dbsnap/facts.hpp"
#include "engines/postgres/connection.hpp"

namespace dbsnap::postgres {

/// A table with rows of its own: no view, no partitioned parent. Members of extensions only where the extension says
/// that their rows are configuration.
struct TableInfo {
  std::string oid;
  std::string schema;
  std::string name;
  std::string columns;    ///< quoted and separated by commas, without generated ones; empty: all there are
  std::string condition;  ///< of an extension's configuration table: "WHERE …", or empty
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;  ///< of table and TOAST together
  std::uint64_t rows = 0;   ///< the planner's estimate
  bool readable = true;
  bool unlogged = false;

  /// "schema"."name"
  [[nodiscard]] std::string quoted_name() const { return quoted(schema) + "." + quoted(name); }
  /// schema.name as people write it, quoted where needed.
  std::string label;
};

/// A table's size is not to be had while somebody else holds it locked.
std::vector<TableInfo> read_tables(Connection& connection, bool with_sizes, const Context& context);

/// SQL that sets every sequence to the state it is in. Sequences do not follow snapshots: it is read as late as the
/// rows.
std::string read_sequences(Connection& connection, bool standby, const Context& context);

/// SQL that gives the database its comment, settings and privileges; its name is written :"DBNAME", as psql knows it.
std::string read_database_properties(Connection& connection, const Context& context);

/// SQL that creates every large object, empty, with its owner, privileges and comment. Empty when there are none.
std::string read_large_object_definitions(Connection& connection, const Context& context);

/// Version, encoding, locale, and the extensions, roles, tablespaces and collations that are used.
Facts read_facts(Connection& connection, const Context& context);

}  // namespace dbsnap::postgres
