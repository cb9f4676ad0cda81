// Lays out rows of cells in columns as wide as their widest cell.
#include "cli/table.hpp"

#include <algorithm>

#include "cli/text.hpp"

namespace dbsnap::cli {
namespace {

constexpr std::size_t kGap = 2;  // blanks between columns

void append_cell(std::string& line, const std::string& cell, std::size_t width, Align align) {
  const std::string padding(width - std::min(width, display_width(cell)), ' ');
  line += align == Align::right ? padding + cell : cell + padding;
  line.append(kGap, ' ');
}

void end_line(std::string& out, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

}  // namespace

void Table::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = 0;
    for (const auto& row : rows_) widest = std::max(widest, display_width(row[i]));
    widths.push_back(widest == 0 ? 0 : std::max(widest, display_width(columns_[i].heading)));
  }
  std::string out;
  std::string line;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (widths[i] != 0) append_cell(line, columns_[i].heading, widths[i], columns_[i].align);
  }
  end_line(out, line);
  for (const auto& row : rows_) {
    line.clear();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths[i] != 0) append_cell(line, row[i], widths[i], columns_[i].align);
    }
    end_line(out, line);
  }
  return out;
}

std::string name_value_text(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::size_t width = 0;
  for (const auto& [name, value] : pairs) {
    if (!value.empty()) width = std::max(width, display_width(name));
  }
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    std::string line;
    append_cell(line, name, width, Align::left);
    end_line(out, line + printable(value));
  }
  return out;
}

}  // namespace dbsnap::cli
