// A formula as a tree.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gmpxx.h>

namespace avp::math {

/// What a node of a formula is.
enum class node : unsigned char {
  number,     ///< `number`, exactly as written; `decimals` of them behind its point.
  symbol,     ///< `name`: a variable, a constant such as `\pi`, the name of something (`ABC`).
  words,      ///< `name`: words that are no mathematics.
  quantity,   ///< A value with its unit, `name`.
  labelled,   ///< A value with the words before it, `name`.
  compound,   ///< Quantities side by side: 5 feet 3 inches.
  percent,    ///< A value in hundredths.
  sum,        ///< Of all parts.
  negative,   ///< Of one part.
  plus_minus, ///< One part, with either sign; `name` is `\pm` or `\mp`.
  product,    ///< Of all parts.
  quotient,   ///< Of two parts.
  power,      ///< Base and exponent.
  function,   ///< `name` of its parts: sin, root (degree, radicand), log (base, argument), abs, binom, !, …
  call,       ///< A function that only the author knows, `name`, of its parts.
  tuple,      ///< In brackets, `name` (opening, closing): a point, a vector, an interval.
  set,        ///< In braces.
  list,       ///< Bare; `name` is what joins it: `,`, `and` or `or`.
  ratio,      ///< a : b, or a time.
  set_sum,    ///< `\cup` of its parts.
  set_cut,    ///< `\cap` of its parts.
  set_rest,   ///< The first part without the second.
  matrix,     ///< Rows, each a tuple; `name` is v or V for determinants and norms.
  relation    ///< Sides; `name` has one letter for each sign between them: `= < > l g ! ~ 3 e`, where l and g are the
              ///< signs with equality, ! is unequal, 3 congruent, e element of.
};

/// A node of a formula, with what it is made of.
struct formula {
  node kind = node::number;
  std::string name;
  std::vector<formula> parts;
  mpq_class number;
  int decimals = 0;
  int digits =
      0; ///< Of a number with a point: how many it is written with, those before the first that is not 0 apart.
};

/// A formula of that kind.
[[nodiscard]] inline formula make(node kind, std::string name, std::vector<formula> parts = {}) {
  return {.kind = kind, .name = std::move(name), .parts = std::move(parts), .number = 0};
}

/// Parts as one formula of that kind; one part alone as it is.
[[nodiscard]] inline formula make_joined(node kind, std::vector<formula> parts) {
  if (parts.size() != 1)
    return make(kind, "", std::move(parts));
  auto only = std::move(parts.front());
  return only;
}

/// A number that is not written as a decimal fraction.
[[nodiscard]] inline formula make_number(mpq_class number) {
  return {.kind = node::number, .name = {}, .parts = {}, .number = std::move(number)};
}

/// Whether the formula is that symbol.
[[nodiscard]] inline bool is_symbol(const formula& f, const char* name) {
  return f.kind == node::symbol && f.name == name;
}

/// Why a text is no formula, or a formula has no value that could be computed.
struct no_formula {};

} // namespace avp::math
