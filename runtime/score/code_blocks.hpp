// Fenced blocks of code in a text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// A fenced block.
struct code_block {
  std::string language; ///< The first word behind the fence, in small letters, without braces and dots; may be empty.
  std::string text;     ///< Without the blanks, list marks and quote marks that the fence has before it.

  friend bool operator==(const code_block&, const code_block&) = default;
};

/// The fenced blocks of a text, as CommonMark (0.31, 4.5) has them: three or more backticks or tildes, closed by at
/// least as many; in list items and quotes too. One that is not closed ends with the text. Where CommonMark sees none,
/// a fence deeper in than three blanks, one for Python at the end of a line of prose, and, in a block that is not
/// closed, one at the end of a line of code count as well. Line ends are \n.
[[nodiscard]] std::vector<code_block> code_blocks(std::string_view text);

/// Whether a block is named as Python (python, py, python3, main.py, …), and not as a session of it (pycon).
[[nodiscard]] bool is_python(const code_block& block);

} // namespace avp
