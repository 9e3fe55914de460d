// Sets of real numbers, as intervals, unions and inequalities describe them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/mathematics/evaluate.hpp"

namespace avp::math {

/// One end of a piece of the line.
struct endpoint {
  int infinite = 0; ///< -1 and 1 for the infinities.
  value at = value(0);
  bool closed = false;
};

/// What lies between two ends; a point where both are the same.
struct piece {
  endpoint low;
  endpoint high;
};

/// Pieces of the real line.
struct real_set {
  std::vector<piece> pieces; ///< In order, with gaps between them.
  std::string variable;      ///< Of which an inequality speaks; empty for intervals.
  bool certain = false;      ///< Whether it can be nothing else; (1, 2) can be a point, too.
};

/// The set that a formula describes: an interval, a union, an inequality, several of them; nothing where it is none.
/// Throws no_formula where ends cannot be told apart.
[[nodiscard]] std::optional<real_set> real_set_of(const formula& f, work& left);

/// Whether they hold the same numbers, and speak of the same variable where both name one.
[[nodiscard]] bool operator==(const real_set& a, const real_set& b);

} // namespace avp::math
