// Real numbers as intervals that are certain to hold them.
#pragma once

#include <string>

#include <gmpxx.h>
#include <mpfi.h>

namespace avp::math {

/// An interval with bounds of 1,024 bits that holds a real number, however it was computed (MPFI rounds outwards).
class interval {
public:
  interval() { mpfi_init2(bounds_, precision); }
  explicit interval(const mpq_class& number) : interval() { mpfi_set_q(bounds_, number.get_mpq_t()); }
  interval(const interval& other) : interval() { mpfi_set(bounds_, other.bounds_); }
  interval& operator=(const interval& other) {
    mpfi_set(bounds_, other.bounds_);
    return *this;
  }
  ~interval() { mpfi_clear(bounds_); }

  /// A function of MPFI of one or two numbers, as it is named there. Throws no_formula where the result is no number,
  /// or one too large.
  [[nodiscard]] static interval of(int (*function)(mpfi_ptr, mpfi_srcptr), const interval& x);
  [[nodiscard]] static interval of(int (*function)(mpfi_ptr, mpfi_srcptr, mpfi_srcptr), const interval& x,
                                   const interval& y);
  [[nodiscard]] static interval pi();

  /// Whether it is certain to be above 0, or below.
  [[nodiscard]] bool is_positive() const { return mpfi_is_strictly_pos(bounds_) > 0; }
  [[nodiscard]] bool is_negative() const { return mpfi_is_strictly_neg(bounds_) > 0; }
  [[nodiscard]] bool may_be_zero() const { return mpfi_has_zero(bounds_) > 0; }
  /// Whether it is exactly 0.
  [[nodiscard]] bool is_zero() const { return mpfi_is_zero(bounds_) > 0; }
  [[nodiscard]] bool is_bounded() const { return mpfi_bounded_p(bounds_) > 0; }
  /// Whether all of it lies below 2^bits, sign apart.
  [[nodiscard]] bool is_below(long bits) const;
  /// Its width is below 2^-bits of `scale`'s size.
  [[nodiscard]] bool is_narrow(long bits, const interval& scale) const;
  /// Its first 60 digits, the same however it was computed.
  [[nodiscard]] std::string digits() const;
  /// The part of it between the bounds, where it has one.
  [[nodiscard]] interval clamped(long low, long high) const;

  friend interval operator+(const interval& x, const interval& y) { return of(mpfi_add, x, y); }
  friend interval operator-(const interval& x, const interval& y) { return of(mpfi_sub, x, y); }
  friend interval operator*(const interval& x, const interval& y) { return of(mpfi_mul, x, y); }
  friend interval operator/(const interval& x, const interval& y) { return of(mpfi_div, x, y); }
  friend interval operator-(const interval& x) { return of(mpfi_neg, x); }

private:
  [[nodiscard]] static interval checked(interval x);

  static constexpr mpfr_prec_t precision = 1024;
  mpfi_t bounds_;
};

} // namespace avp::math
