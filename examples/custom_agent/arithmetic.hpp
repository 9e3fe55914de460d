// Finds sums in a text and puts their right results in.
#pragma once

#include <string>
#include <string_view>

namespace calculator {

/// What became of a text.
struct checked_text {
  std::string text;  ///< With every wrong result replaced.
  int sums = 0;      ///< How many there were.
  int corrected = 0; ///< How many of them were wrong.
};

/// Checks everything of the form `expression = number`, with + - * / × ÷, parentheses, decimals, thousands commas and
/// dollar signs. A result is right when it is as exact as it is written. Division by zero is left as it is.
checked_text check_arithmetic(std::string_view text);

} // namespace calculator
