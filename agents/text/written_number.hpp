// Numbers as people and TeX write them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <gmpxx.h>

namespace avp {

/// What may belong to a number, where that is a matter of the text around it.
struct number_style {
  bool commas = true;    ///< 1,234 is one number; else two.
  bool blanks = false;   ///< 10 000 is one number; else two.
  bool exponents = true; ///< 5e-3 is 0.005; else it begins with a 5. 1e-3 and 5.0e-3 are numbers in any case.
};

/// A number and how it is written.
struct written_number {
  mpq_class value;
  std::size_t end = 0; ///< Behind its last character.
  std::string text;    ///< Its digits and its point, without separators; what repeats in parentheses.
  int decimals = 0;    ///< Behind its point, unless they go on without end.
  int digits = 0;      ///< With a point: all of its digits from the first that is not 0 on.
};

/// The number without sign at `at`, which is a digit or a point before one: with separators of thousands, decimals,
/// decimals that repeat without end (`0.1\overline{6}`, `0.\dot{3}`, `0.(3)`, `0.333...`), an exponent (`1.5e-3`).
/// Nothing where the exponent has more than four digits.
[[nodiscard]] std::optional<written_number> read_number(std::string_view text, std::size_t at,
                                                        const number_style& style);

/// 10^exponent.
[[nodiscard]] mpz_class power_of_ten(unsigned long exponent);

} // namespace avp
