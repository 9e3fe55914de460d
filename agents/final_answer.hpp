// What an answer comes to: its number, its letter.
#pragma once

#include <optional>
#include <string_view>

namespace avp {

/// What the last `\boxed{…}` (or `\fbox{…}`) with something in it encloses, braces balanced, without blanks at both
/// ends; one that is not closed ends with its line.
[[nodiscard]] std::optional<std::string_view> last_boxed(std::string_view text);

/// The number that a text comes to: the last one in the last `\boxed{…}`, else the one right behind the last `####`,
/// else the last one in the text. Reads signs, thousands separators, currency signs, decimals, and fractions (3/4,
/// `\frac{3}{4}`); a number glued to the end of a word (`x2`) is none.
[[nodiscard]] std::optional<double> final_number(std::string_view text);

/// The letter (A to E) that a text decides for: in the last `\boxed{…}`, else behind the last "answer", "choice" or
/// "option", else the last in parentheses, else the last that stands alone.
[[nodiscard]] std::optional<char> final_choice(std::string_view text);

} // namespace avp
