// Which rows are read in which pieces: the biggest first, large tables in ranges of pages, under names that stay the
// same from day to day so that each piece meets its predecessor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engines/postgres/catalog.hpp"

namespace dbsnap::postgres {

/// One entry: a table, or a range of its pages.
struct TablePiece {
  std::string entry;  ///< name of the entry: "table/public.orders", its second range "table/public.orders/1"
  std::string sql;    ///< COPY … TO STDOUT
  std::string label;  ///< public.orders, for messages
  std::uint64_t size_hint = 0;
  bool ranged = false;  ///< reads by tuple id: sequential scans are to be avoided
  Facts facts;          ///< what a restore needs: schema, table, columns, part, parts
};

/// Rows are read in `encoding`, the database's own: nothing is converted, and nothing can fail to be. `by_ranges`: the
/// server reads ranges of tuple ids without reading what lies before them (14 and later).
std::vector<TablePiece> plan_tables(const std::vector<TableInfo>& tables, const std::string& encoding, bool by_ranges);

/// True when the rows of schema.name are wanted: named by `include`, or that is empty, and not by `exclude`. Patterns
/// are "schema.table" or "table" with * and ?.
bool wants_rows(const std::string& schema, const std::string& name, const std::vector<std::string>& include,
                const std::vector<std::string>& exclude);

}  // namespace dbsnap::postgres
