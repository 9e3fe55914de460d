// Cells in columns, for terminals.
#pragma once

#include <string>
#include <vector>

namespace avp {

/// The rows as lines: `left` first columns flush left, the others flush right, two blanks between columns. All rows
/// have as many cells, of ASCII.
[[nodiscard]] std::string text_table(const std::vector<std::vector<std::string>>& rows, std::size_t left = 1);

} // namespace avp
