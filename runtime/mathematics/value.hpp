// The value of an expression: exact as long as it is rational.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include <gmpxx.h>

#include "runtime/mathematics/interval.hpp"

namespace avp::math {

/// The longest number: 60,000 digits, as 15,000! and 2^200000 have. Beyond lies what nobody writes out.
inline constexpr std::size_t most_bits = 200000;

/// A complex number: two rational numbers, or where those do not do (roots, π, sines) two intervals. What has no value,
/// or one of too many digits to be exact, throws no_formula.
class value {
public:
  value(mpq_class re, mpq_class im = 0) : number_(exact{std::move(re), std::move(im)}) {}
  value(interval re, interval im) : number_(near{std::move(re), std::move(im)}) {}

  [[nodiscard]] bool is_exact() const { return std::holds_alternative<exact>(number_); }
  /// Whether its imaginary part is exactly 0.
  [[nodiscard]] bool is_real() const;
  [[nodiscard]] bool is_negative() const { return is_real() && x().is_negative(); }
  /// Whether it is a rational number, and an integer.
  [[nodiscard]] bool is_rational() const { return is_exact() && is_real(); }
  [[nodiscard]] bool is_integer() const { return is_rational() && re().get_den() == 1; }
  /// The parts of an exact value.
  [[nodiscard]] const mpq_class& re() const { return std::get<exact>(number_).re; }
  [[nodiscard]] const mpq_class& im() const { return std::get<exact>(number_).im; }
  /// The parts of any value.
  [[nodiscard]] interval x() const { return is_exact() ? interval(re()) : std::get<near>(number_).re; }
  [[nodiscard]] interval y() const { return is_exact() ? interval(im()) : std::get<near>(number_).im; }
  /// How long its numbers are.
  [[nodiscard]] std::size_t bits() const;
  /// The same text for the same value.
  [[nodiscard]] std::string text() const;

private:
  struct exact {
    mpq_class re;
    mpq_class im;
  };
  struct near {
    interval re;
    interval im;
  };
  std::variant<exact, near> number_;
};

[[nodiscard]] value operator+(const value& a, const value& b);
[[nodiscard]] value operator-(const value& a, const value& b);
[[nodiscard]] value operator*(const value& a, const value& b);
[[nodiscard]] value operator/(const value& a, const value& b);

/// Whether two values are the same: exactly, or intervals of a width below 2^-300 of them overlap.
[[nodiscard]] bool operator==(const value& a, const value& b);

/// Whether a lies below b, of real numbers.
[[nodiscard]] bool operator<(const value& a, const value& b);

/// base^exponent. What `varies` (holds a variable) has no root of a negative number; else it is the principal one, or
/// the real one of an odd degree.
[[nodiscard]] value power(const value& base, const value& exponent, bool varies);

/// The function of that name, one of those of node::function with one part; of `log` the natural one.
[[nodiscard]] value apply(std::string_view function, const value& x, bool varies);

/// n over k.
[[nodiscard]] value binomial(const value& n, const value& k);

} // namespace avp::math
