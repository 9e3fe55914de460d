// From the text of a formula to its tokens.
#pragma once

#include <string_view>
#include <vector>

#include "runtime/mathematics/token.hpp"

namespace avp::math {

/// How to read what can be read in two ways.
struct reading {
  bool thousands = true; ///< The comma of 1,234 separates thousands; else it separates 1 and 234.
  bool exponents = true; ///< 5e-3 is 0.005; else it is 5 times e, minus 3.
};

/// The tokens of an answer, the last of which is `end`. Throws no_formula where a number is too large.
[[nodiscard]] std::vector<token> tokens_of(std::string_view answer, const reading& how);

} // namespace avp::math
