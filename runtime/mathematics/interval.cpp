// Questions that MPFI has no function for.
#include "runtime/mathematics/interval.hpp"

#include <utility>

#include "runtime/mathematics/formula.hpp"

namespace avp::math {

/// Of numbers below 2^700 the bits suffice to tell 1 more; larger ones count as too large to be written out.
interval interval::checked(interval x) {
  constexpr long largest_argument = 700;
  if (!x.is_bounded() || !x.is_below(largest_argument))
    throw no_formula();
  return x;
}

interval interval::of(int (*function)(mpfi_ptr, mpfi_srcptr), const interval& x) {
  interval result;
  function(result.bounds_, x.bounds_);
  return checked(std::move(result));
}

interval interval::of(int (*function)(mpfi_ptr, mpfi_srcptr, mpfi_srcptr), const interval& x, const interval& y) {
  interval result;
  function(result.bounds_, x.bounds_, y.bounds_);
  return checked(std::move(result));
}

interval interval::pi() {
  interval result;
  mpfi_const_pi(result.bounds_);
  return result;
}

bool interval::is_below(long bits) const {
  for (const auto* bound : {&bounds_->left, &bounds_->right})
    if (!mpfr_zero_p(bound) && mpfr_get_exp(bound) > bits)
      return false;
  return true;
}

bool interval::is_narrow(long bits, const interval& scale) const {
  interval width;
  mpfi_diam_abs(&width.bounds_->right, bounds_);
  if (mpfr_zero_p(&width.bounds_->right))
    return true;
  if (scale.is_zero())
    return false;
  interval size;
  mpfi_mag(&size.bounds_->right, scale.bounds_);
  return mpfr_get_exp(&width.bounds_->right) < mpfr_get_exp(&size.bounds_->right) - bits;
}

std::string interval::digits() const {
  interval middle;
  mpfi_mid(&middle.bounds_->left, bounds_);
  mpfr_exp_t exponent = 0;
  char* text = mpfr_get_str(nullptr, &exponent, 10, 60, &middle.bounds_->left, MPFR_RNDN);
  const auto result = std::string(text) + "e" + std::to_string(exponent);
  mpfr_free_str(text);
  return result;
}

interval interval::clamped(long low, long high) const {
  interval limits;
  mpfi_interv_si(limits.bounds_, low, high);
  interval result;
  mpfi_intersect(result.bounds_, bounds_, limits.bounds_);
  if (mpfi_is_empty(result.bounds_) > 0)
    throw no_formula();
  return result;
}

} // namespace avp::math
