// Reading formulas.
#pragma once

#include <string_view>

#include "runtime/mathematics/formula.hpp"
#include "runtime/mathematics/tokens_of.hpp"

namespace avp::math {

/// The formula that an answer is, in TeX, Unicode or plain characters. Throws no_formula where it is none, or nested
/// too deeply.
[[nodiscard]] formula read_formula(std::string_view answer, const reading& how);

} // namespace avp::math
