// Table: aligned columns for terminals and log files.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dbsnap::cli {

enum class Align { left, right };

struct Column {
  std::string heading;
  Align align = Align::left;
};

/// Rows of cells under headings. Control characters in cells are replaced.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Adds a row; cells that are missing at its end are empty.
  void row(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }

  /// Lines, each ending with a newline and without blanks before it. Columns in which no row has
  /// a cell are left out.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Names and values below each other, values aligned; pairs with an empty value are left out.
std::string name_value_text(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace dbsnap::cli
