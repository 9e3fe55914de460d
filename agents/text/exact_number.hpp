// When two numbers count as equal.
#pragma once

#include <gmpxx.h>

namespace avp {

/// Whether two numbers are equal: exactly, but for the rounding of a `double` that a program printed in full. So
/// 0.30000000000000004 equals 0.3 and 0.3333333333333333 a third, while no two numbers of fewer than 16 digits do, and
/// no two integers.
[[nodiscard]] bool equal_numbers(const mpq_class& a, const mpq_class& b);

} // namespace avp
