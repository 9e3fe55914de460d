// The number that an answer comes to.
#pragma once

#include <optional>
#include <string_view>

namespace avp {

/// The number that a text comes to: the last one in the last `\boxed{…}`, else the one right behind the last `####`,
/// else the last one in the text. Reads signs, thousands separators, currency signs, decimals, and fractions (3/4,
/// `\frac{3}{4}`); a number glued to the end of a word (`x2`) is none.
[[nodiscard]] std::optional<double> final_number(std::string_view text);

} // namespace avp
