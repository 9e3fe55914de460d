// What formulas are made of.
#pragma once

#include <algorithm>
#include <string>

#include <gmpxx.h>

#include "transport/ascii.hpp"

namespace avp::math {

/// What a token is.
enum class token_kind : unsigned char { end, number, symbol, word, command, sign };

/// A token of a formula.
struct token {
  token_kind kind = token_kind::end;
  std::string text = {}; ///< Digits of a number, name of a symbol, word, command with its backslash, sign.
  bool spaced = false;   ///< Whether a blank stands before it.
  bool upright = false;  ///< A letter in `\mathrm` or `\text`, which may be a unit.
  mpq_class number = 0;  ///< The value of a number.
  int decimals = 0;      ///< Of a number written with a point, and without repeating decimals.
  int digits = 0;        ///< Its digits from the first that is not 0 on.

  /// Whether it is a number of nothing but digits.
  [[nodiscard]] bool is_integer() const {
    return kind == token_kind::number && std::all_of(text.begin(), text.end(), is_digit);
  }
};

} // namespace avp::math
