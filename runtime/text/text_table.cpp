// Cells in columns, for terminals.
#include "runtime/text/text_table.hpp"

#include <algorithm>

namespace avp {

std::string text_table(const std::vector<std::vector<std::string>>& rows, std::size_t left) {
  std::string table;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      std::size_t width = 0;
      for (const auto& other : rows)
        width = std::max(width, other[column].size());
      const std::string blanks(width - row[column].size(), ' ');
      line += (column == 0 ? "" : "  ") + (column < left ? row[column] + blanks : blanks + row[column]);
    }
    table += line + '\n';
  }
  return table;
}

} // namespace avp
