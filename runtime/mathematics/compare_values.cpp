// Expressions by what they come to, in several samples where they hold variables.
#include <utility>

#include "agents/text/exact_number.hpp"
#include "runtime/mathematics/comparer.hpp"

namespace avp::math {
namespace {

constexpr unsigned samples = 10;
constexpr unsigned enough = 3; ///< Samples in which both formulas have to have a value.

/// The decimal fraction that a formula is, with its sign.
std::optional<formula> decimal_of(const formula& f) {
  if (f.kind == node::negative && f.parts[0].kind == node::number) {
    auto positive = f.parts[0];
    positive.number = -positive.number;
    return positive;
  }
  return f.kind == node::number ? std::optional(f) : std::nullopt;
}

/// A decimal fraction of nine digits or more stands for the irrational number that it is cut off or rounded from.
bool stands_for(const formula& f, const value& number) {
  constexpr int least_digits = 9;
  const auto decimal = decimal_of(f);
  if (!decimal || decimal->decimals == 0 || decimal->digits < least_digits || number.is_exact() || !number.is_real())
    return false;
  mpz_class unit;
  mpz_ui_pow_ui(unit.get_mpz_t(), 10, static_cast<unsigned long>(decimal->decimals));
  const auto difference = apply("abs", number - value(decimal->number), false);
  return difference < value(mpq_class(1, unit));
}

bool equal_constants(const formula& a, const value& x, const formula& b, const value& y) {
  if (x.is_rational() && y.is_rational())
    return equal_numbers(x.re(), y.re());
  return x == y || stands_for(a, y) || stands_for(b, x);
}

} // namespace

std::optional<evaluated> comparer::value_of(const formula& f, unsigned sample) {
  try {
    return evaluate(f, sample, left_);
  } catch (const no_formula&) { // outside of its domain, or no expression
    return {};
  }
}

std::optional<bool> comparer::equal_values(const formula& a, const formula& b) {
  unsigned compared = 0;
  for (unsigned sample = 0; sample < samples; ++sample) {
    const auto left = value_of(a, sample);
    const auto right = value_of(b, sample);
    if (left && right) {
      if (!left->varies && !right->varies)
        return equal_constants(a, left->result, b, right->result);
      if (!(left->result == right->result))
        return false;
      ++compared;
    } else if (sample == 0 && ((left && !left->varies) || (right && !right->varies))) {
      return {}; // a constant, and something without value
    }
  }
  return compared >= enough ? std::optional(true) : std::nullopt;
}

} // namespace avp::math
