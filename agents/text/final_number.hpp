// The number that an answer comes to.
#pragma once

#include <optional>
#include <string_view>

#include <gmpxx.h>

namespace avp {

/// The number that a text comes to, exactly: the last one in the last `\boxed{…}`, else the one right behind the last
/// `####`, else the last one in the text. Reads signs, thousands separators, currency signs, decimals (also repeating
/// ones), fractions (3/4, `\frac34`), mixed numbers (`2\frac12`, 2 1/2), powers of numbers (`10^6`), and scientific
/// notation (1.5e-3, `1.5 \times 10^{-3}`). Exponents of units and variables (`cm^2`) are none, and neither is a number
/// glued to the end of a word (`x2`).
[[nodiscard]] std::optional<mpq_class> final_number(std::string_view text);

} // namespace avp
