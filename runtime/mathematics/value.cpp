// Arithmetic and equality of values.
#include "runtime/mathematics/value.hpp"

#include <algorithm>

#include "runtime/mathematics/formula.hpp"

namespace avp::math {
namespace {

std::size_t bits_of(const mpq_class& number) {
  return mpz_sizeinbase(number.get_num_mpz_t(), 2) + mpz_sizeinbase(number.get_den_mpz_t(), 2);
}

value checked(value result) {
  if (result.bits() > most_bits)
    throw no_formula();
  return result;
}

} // namespace

bool value::is_real() const { return is_exact() ? sgn(im()) == 0 : std::get<near>(number_).im.is_zero(); }

std::size_t value::bits() const { return is_exact() ? bits_of(re()) + bits_of(im()) : 0; }

std::string value::text() const {
  if (is_rational())
    return re().get_str();
  return x().digits() + "," + y().digits();
}

value operator+(const value& a, const value& b) {
  if (a.is_exact() && b.is_exact())
    return checked({a.re() + b.re(), a.im() + b.im()});
  return {a.x() + b.x(), a.y() + b.y()};
}

value operator-(const value& a, const value& b) {
  if (a.is_exact() && b.is_exact())
    return checked({a.re() - b.re(), a.im() - b.im()});
  return {a.x() - b.x(), a.y() - b.y()};
}

value operator*(const value& a, const value& b) {
  if (a.is_rational() && b.is_rational())
    return checked(mpq_class(a.re() * b.re()));
  if (a.is_exact() && b.is_exact())
    return checked({a.re() * b.re() - a.im() * b.im(), a.re() * b.im() + a.im() * b.re()});
  return {a.x() * b.x() - a.y() * b.y(), a.x() * b.y() + a.y() * b.x()};
}

value operator/(const value& a, const value& b) {
  if (b.is_exact()) {
    const mpq_class norm = b.re() * b.re() + b.im() * b.im();
    if (norm == 0)
      throw no_formula();
    return a * checked({b.re() / norm, -b.im() / norm});
  }
  const auto norm = b.x() * b.x() + b.y() * b.y();
  if (norm.may_be_zero())
    throw no_formula();
  return a * value(b.x() / norm, -b.y() / norm);
}

bool operator==(const value& a, const value& b) {
  if (a.is_exact() && b.is_exact())
    return a.re() == b.re() && a.im() == b.im();
  constexpr long relative = 300;
  constexpr long absolute = 600; // where both are 0
  const auto difference = a - b;
  const auto size = interval::of(mpfi_hypot, a.x(), a.y()) + interval::of(mpfi_hypot, b.x(), b.y());
  const interval one(1);
  const auto is_zero = [&](const interval& part) {
    return part.may_be_zero() && (part.is_narrow(relative, size) || part.is_narrow(absolute, one));
  };
  return is_zero(difference.x()) && is_zero(difference.y());
}

bool operator<(const value& a, const value& b) {
  if (a.is_rational() && b.is_rational())
    return a.re() < b.re();
  return (a - b).is_negative();
}

} // namespace avp::math
