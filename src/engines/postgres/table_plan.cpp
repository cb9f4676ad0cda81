#include "engines/postgres/table_plan.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <bit>

namespace dbsnap::postgres {
namespace {

// A piece is about this large on average; tables that would have more pieces than kMostPieces get larger ones.
constexpr std::uint64_t kPieceBytes = std::uint64_t{96} << 20;
constexpr std::uint64_t kMostPieces = 1024;

/// Pages per piece: a power of two, so that it changes seldom while a table grows.
std::uint64_t pages_per_piece(const TableInfo& table) {
  if (table.pages == 0) return 1;
  const std::uint64_t pieces = std::clamp<std::uint64_t>(table.bytes / kPieceBytes, 1, kMostPieces);
  return std::bit_ceil(std::max<std::uint64_t>(table.pages / pieces, 1));
}

Facts facts_of(const TableInfo& table, std::uint64_t part, std::uint64_t parts) {
  Facts facts;
  facts["schema"] = table.schema;
  facts["table"] = table.name;
  facts["columns"] = table.columns;
  if (parts > 1) facts["part"] = static_cast<std::int64_t>(part);
  facts["parts"] = static_cast<std::int64_t>(parts);
  if (!table.condition.empty()) facts["configuration"] = true;
  return facts;
}

void add_pieces(const TableInfo& table, const std::string& encoding, bool by_ranges, std::vector<TablePiece>& out) {
  const std::string name = "table/" + table.label;
  const std::string columns = table.columns.empty() ? "" : " (" + table.columns + ")";
  const std::string select = "SELECT " + table.columns + " FROM ONLY " + table.quoted_name();
  const std::string to = " TO STDOUT (ENCODING " + literal(encoding) + ")";
  const std::uint64_t step = pages_per_piece(table);
  const std::uint64_t parts = by_ranges && table.condition.empty() ? (table.pages + step - 1) / step : 1;
  if (parts <= 1) {
    const std::string sql = table.condition.empty() ? "COPY " + table.quoted_name() + columns + to
                                                    : "COPY (" + select + " " + table.condition + ")" + to;
    out.push_back({name, sql, table.label, table.bytes, false, facts_of(table, 0, 1)});
    return;
  }
  for (std::uint64_t part = 0; part < parts; ++part) {
    // Pages that are added meanwhile hold nothing that the snapshot shows; the last range has no end all the same.
    std::string where = " WHERE ctid >= '(" + std::to_string(part * step) + ",0)'::pg_catalog.tid";
    if (part + 1 < parts) where += " AND ctid < '(" + std::to_string((part + 1) * step) + ",0)'::pg_catalog.tid";
    const std::string entry = part == 0 ? name : name + "/" + std::to_string(part);
    const std::uint64_t size = std::min(table.bytes / parts, table.bytes - table.bytes / parts * part);
    out.push_back({entry, "COPY (" + select + where + ")" + to, table.label, size, true, facts_of(table, part, parts)});
  }
}

bool fits(const std::string& pattern, const std::string& schema, const std::string& name) {
  const std::string& subject = pattern.find('.') == std::string::npos ? name : schema + "." + name;
  return ::fnmatch(pattern.c_str(), subject.c_str(), 0) == 0;
}

}  // namespace

std::vector<TablePiece> plan_tables(const std::vector<TableInfo>& tables, const std::string& encoding, bool by_ranges) {
  std::vector<TablePiece> pieces;
  for (const TableInfo& table : tables) add_pieces(table, encoding, by_ranges, pieces);
  std::ranges::stable_sort(pieces, std::greater(), &TablePiece::size_hint);
  return pieces;
}

bool wants_rows(const std::string& schema, const std::string& name, const std::vector<std::string>& include,
                const std::vector<std::string>& exclude) {
  const auto named = [&](const std::vector<std::string>& patterns) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) { return fits(pattern, schema, name); });
  };
  return (include.empty() || named(include)) && !named(exclude);
}

}  // namespace dbsnap::postgres
