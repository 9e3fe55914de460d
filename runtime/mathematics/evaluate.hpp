// The value of a formula.
#pragma once

#include "runtime/mathematics/formula.hpp"
#include "runtime/mathematics/value.hpp"

namespace avp::math {

/// Thrown when a comparison has used up its work, so that no answer takes more than a second or two.
struct too_much_work {};

/// How much work a comparison may still do.
class work {
public:
  /// Throws too_much_work when nothing is left. A unit is about a microsecond.
  void spend(long units) {
    left_ -= units;
    if (left_ < 0)
      throw too_much_work();
  }

private:
  long left_ = 1'000'000;
};

/// A value, and whether it depends on a variable.
struct evaluated {
  value result;
  bool varies = false;
};

/// The value of a formula. A variable has one that depends on its name and on `sample` only: rational, for n, k and the
/// like an integer, in the first samples positive; so two formulas that agree in several samples are equal but for an
/// accident. Units count nothing, but degrees in sines do. Throws no_formula where it has no value.
[[nodiscard]] evaluated evaluate(const formula& f, unsigned sample, work& left);

} // namespace avp::math
