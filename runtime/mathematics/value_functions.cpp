// Powers, roots and functions of values: exact where the result is rational, else an interval.
#include <algorithm>
#include <array>
#include <optional>

#include "runtime/mathematics/formula.hpp"
#include "runtime/mathematics/value.hpp"

namespace avp::math {
namespace {

constexpr unsigned long most_squared =
    4096;                          ///< The exponent up to which intervals and complex numbers are multiplied out.
constexpr long angle_bits = 256;   ///< Sines of larger angles would need more of π than is reasonable.
constexpr long exponent_bits = 10; ///< Beyond, an interval is too large anyway.

value real(interval x) { return {std::move(x), interval(0)}; }

/// An integer that fits, or none.
long small(const mpq_class& number, long most) {
  if (number.get_den() != 1 || mpz_cmpabs_ui(number.get_num_mpz_t(), static_cast<unsigned long>(most)) > 0)
    throw no_formula();
  return number.get_num().get_si();
}

value exponential(const value& z) {
  const auto x = z.x();
  if (!x.is_below(exponent_bits))
    throw no_formula();
  const auto size = interval::of(mpfi_exp, x);
  if (z.is_real())
    return real(size);
  const auto y = z.y();
  if (!y.is_below(angle_bits))
    throw no_formula();
  return {size * interval::of(mpfi_cos, y), size * interval::of(mpfi_sin, y)};
}

value logarithm(const value& z, bool varies) {
  if (z.is_rational() && z.re() == 1)
    return value(0);
  const auto x = z.x();
  if (z.is_real() && x.is_positive())
    return real(interval::of(mpfi_log, x));
  if (z.is_real() && x.is_negative() && !varies)
    return {interval::of(mpfi_log, -x), interval::pi()};
  const auto y = z.y();
  if (varies || (x.may_be_zero() && y.may_be_zero()))
    throw no_formula();
  return {interval::of(mpfi_log, interval::of(mpfi_hypot, x, y)), interval::of(mpfi_atan2, y, x)};
}

/// By squaring.
value integer_power(value base, unsigned long exponent) {
  value result(1);
  while (true) {
    if (exponent % 2 == 1)
      result = result * base;
    exponent /= 2;
    if (exponent == 0)
      return result;
    base = base * base;
  }
}

value integer_power(const value& base, const mpz_class& exponent) {
  if (sgn(exponent) == 0)
    return value(1);
  if (base.is_rational()) {
    if (base.re() == 0 && sgn(exponent) < 0)
      throw no_formula();
    if (base.re() == 0 || base.re() == 1)
      return base;
    if (base.re() == -1)
      return mpz_even_p(exponent.get_mpz_t()) != 0 ? value(1) : base;
    if (mpz_cmpabs_ui(exponent.get_mpz_t(), most_bits / base.bits() + 1) > 0)
      throw no_formula();
    const mpz_class size = abs(exponent);
    mpz_class above;
    mpz_class below;
    mpz_pow_ui(above.get_mpz_t(), base.re().get_num_mpz_t(), size.get_ui());
    mpz_pow_ui(below.get_mpz_t(), base.re().get_den_mpz_t(), size.get_ui());
    mpq_class result = sgn(exponent) > 0 ? mpq_class(above, below) : mpq_class(below, above);
    result.canonicalize();
    return value(result);
  }

  const mpz_class size = abs(exponent);
  if (size > most_squared)
    throw no_formula();
  const auto result = integer_power(base, size.get_ui());
  return sgn(exponent) > 0 ? result : value(1) / result;
}

/// The root of that degree where it is rational.
std::optional<value> exact_root(const mpq_class& x, unsigned long degree) {
  mpz_class above;
  mpz_class below;
  if (mpz_root(above.get_mpz_t(), x.get_num_mpz_t(), degree) == 0 ||
      mpz_root(below.get_mpz_t(), x.get_den_mpz_t(), degree) == 0)
    return {};
  return value(mpq_class(above, below));
}

/// Of a rational exponent: by the exact root if there is one, and of negative numbers the real one.
std::optional<value> rational_power(const value& base, const mpq_class& exponent, bool varies) {
  constexpr unsigned long most = 1000;
  if (!base.is_real() || exponent.get_den() > most)
    return {};
  const auto degree = exponent.get_den().get_ui();
  if (base.is_negative() && (varies || degree % 2 == 0))
    return {};
  if (base.is_exact())
    if (const auto root = exact_root(base.re(), degree))
      return integer_power(*root, exponent.get_num());
  if (!base.is_negative())
    return {};
  const auto positive = power(value(0) - base, value(exponent), varies);
  return mpz_even_p(exponent.get_num_mpz_t()) != 0 ? positive : value(0) - positive;
}

value square_root(const value& x, bool varies) {
  if (x.is_rational() && sgn(x.re()) >= 0) {
    const auto root = exact_root(x.re(), 2);
    return root ? *root : real(interval::of(mpfi_sqrt, x.x()));
  }
  if (!x.is_real())
    return exponential(logarithm(x, varies) / value(2));
  if (!x.is_negative()) // positive, or a 0 that was computed
    return real(interval::of(mpfi_sqrt, interval::of(mpfi_abs, x.x())));
  if (varies)
    throw no_formula();
  const auto imaginary = square_root(value(0) - x, false);
  return imaginary * value(0, 1);
}

value factorial(const value& n, bool twice) {
  if (!n.is_integer() || sgn(n.re()) < 0)
    throw no_formula();
  constexpr long most = 15000; // of 186,000 bits
  mpz_class result;
  const auto number = static_cast<unsigned long>(small(n.re(), most));
  if (twice)
    mpz_2fac_ui(result.get_mpz_t(), number);
  else
    mpz_fac_ui(result.get_mpz_t(), number);
  return value(result);
}

value absolute(const value& x, bool varies) {
  if (x.is_rational())
    return value(mpq_class(abs(x.re())));
  if (x.is_exact())
    return square_root(value(x.re() * x.re() + x.im() * x.im()), varies);
  return real(x.is_real() ? interval::of(mpfi_abs, x.x()) : interval::of(mpfi_hypot, x.x(), x.y()));
}

value rounded(const value& x, bool down) {
  if (!x.is_rational())
    throw no_formula();
  mpz_class result;
  if (down)
    mpz_fdiv_q(result.get_mpz_t(), x.re().get_num_mpz_t(), x.re().get_den_mpz_t());
  else
    mpz_cdiv_q(result.get_mpz_t(), x.re().get_num_mpz_t(), x.re().get_den_mpz_t());
  return value(result);
}

struct real_function {
  std::string_view name;
  int (*compute)(mpfi_ptr, mpfi_srcptr);
  enum class domain : unsigned char { all, angle, exponent, unit } of;
};

using domain = real_function::domain;

constexpr auto real_functions = std::to_array<real_function>(
    {{"sin", [](mpfi_ptr r, mpfi_srcptr x) { return mpfi_sin(r, x); }, domain::angle},
     {"cos", [](mpfi_ptr r, mpfi_srcptr x) { return mpfi_cos(r, x); }, domain::angle},
     {"tan", [](mpfi_ptr r, mpfi_srcptr x) { return mpfi_tan(r, x); }, domain::angle},
     {"arcsin", [](mpfi_ptr r, mpfi_srcptr x) { return mpfi_asin(r, x); }, domain::unit},
     {"arccos", [](mpfi_ptr r, mpfi_srcptr x) { return mpfi_acos(r, x); }, domain::unit},
     {"arctan", [](mpfi_ptr r, mpfi_srcptr x) { return mpfi_atan(r, x); }, domain::all},
     {"sinh", [](mpfi_ptr r, mpfi_srcptr x) { return mpfi_sinh(r, x); }, domain::exponent},
     {"cosh", [](mpfi_ptr r, mpfi_srcptr x) { return mpfi_cosh(r, x); }, domain::exponent},
     {"tanh", [](mpfi_ptr r, mpfi_srcptr x) { return mpfi_tanh(r, x); }, domain::exponent}});

} // namespace

value power(const value& base, const value& exponent, bool varies) {
  if (exponent.is_integer() && (base.is_exact() || mpz_cmpabs_ui(exponent.re().get_num_mpz_t(), most_squared) <= 0))
    return integer_power(base, exponent.re().get_num());
  if (exponent.is_rational())
    if (auto result = rational_power(base, exponent.re(), varies))
      return *std::move(result);
  if (base.is_rational() && base.re() == 0) {
    if (exponent.is_real() && exponent.x().is_positive())
      return base;
    throw no_formula();
  }
  return exponential(exponent * logarithm(base, varies));
}

value apply(std::string_view function, const value& x, bool varies) {
  if (function == "exp")
    return exponential(x);
  if (function == "ln")
    return logarithm(x, varies);
  if (function == "sqrt")
    return square_root(x, varies);
  if (function == "abs")
    return absolute(x, varies);
  if (function == "!" || function == "!!")
    return factorial(x, function == "!!");
  if (function == "lfloor" || function == "lceil")
    return rounded(x, function == "lfloor");
  // MPFI 1.5 has functions for these three, which lose memory at every call.
  if (function == "cot")
    return apply("cos", x, varies) / apply("sin", x, varies);
  if (function == "sec" || function == "csc")
    return value(1) / apply(function == "sec" ? "cos" : "sin", x, varies);
  for (const auto& known : real_functions) {
    if (known.name != function)
      continue;
    auto argument = x.x();
    if (!x.is_real() || (known.of == domain::angle && !argument.is_below(angle_bits)) ||
        (known.of == domain::exponent && !argument.is_below(exponent_bits)))
      break;
    if (known.of == domain::unit)
      argument = argument.clamped(-1, 1);
    return real(interval::of(known.compute, argument));
  }
  throw no_formula();
}

value binomial(const value& n, const value& k) {
  if (!n.is_rational() || !k.is_integer())
    throw no_formula();
  constexpr long most = 10000;
  if (n.is_integer() && sgn(n.re()) >= 0) {
    auto below = k.re().get_num();
    const mpz_class other = n.re().get_num() - below;
    if (sgn(below) < 0 || sgn(other) < 0)
      return value(0);
    below = std::min(below, other);
    const auto chosen = static_cast<unsigned long>(small(below, most));
    if (chosen * mpz_sizeinbase(n.re().get_num_mpz_t(), 2) > most_bits)
      throw no_formula();
    mpz_class result;
    mpz_bin_ui(result.get_mpz_t(), n.re().get_num_mpz_t(), chosen);
    return value(result);
  }
  constexpr long most_factors = 50;
  value result(1);
  for (long i = small(k.re(), most_factors); i > 0; --i) // also of what is no natural number
    result = result * (n - value(i - 1)) / value(i);
  return result;
}

} // namespace avp::math
