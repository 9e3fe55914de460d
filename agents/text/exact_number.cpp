// Exact, with one exception.
#include "agents/text/exact_number.hpp"

#include <algorithm>

namespace avp {
namespace {

constexpr unsigned endless = 1000;

/// How many digits a number has written out, zeros at its begin and end not counted; `endless` where it has no end.
unsigned digits_of(mpq_class number) {
  for (unsigned i = 0; number.get_den() != 1; ++i) {
    if (i == 40)
      return endless;
    number *= 10;
  }
  auto digits = mpz_class(abs(number.get_num())).get_str();
  return static_cast<unsigned>(digits.find_last_not_of('0') + 1);
}

/// A `double` has 16 or 17 digits, and no program prints an integer so.
bool is_printed_double(const mpq_class& number) {
  const auto digits = digits_of(number);
  return number.get_den() != 1 && (digits == 16 || digits == 17);
}

} // namespace

bool equal_numbers(const mpq_class& a, const mpq_class& b) {
  if (a == b)
    return true;
  constexpr unsigned certain = 15; // decimal digits that every double keeps
  const auto rounds = [](const mpq_class& rounded, const mpq_class& number) {
    const auto digits = digits_of(number);
    const mpq_class unit(1, 1'000'000'000'000'000);
    return is_printed_double(rounded) && (digits <= certain || digits == endless) &&
           abs(rounded - number) <= unit * abs(number);
  };
  const mpq_class difference = abs(a - b);
  return difference < 1 && (rounds(a, b) || rounds(b, a));
}

} // namespace avp
