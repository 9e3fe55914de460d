// What an answer comes to: its box, its letter.
#pragma once

#include <optional>
#include <string_view>

namespace avp {

/// What the last `\boxed{…}` (or `\fbox{…}`) with something in it encloses, braces balanced, without blanks at both
/// ends; one that is not closed ends with its line.
[[nodiscard]] std::optional<std::string_view> last_boxed(std::string_view text);

/// The letter (A to E) that a text decides for: in the last `\boxed{…}`, else behind the last "answer", else on the
/// last line of its own, else behind the last "choice" or "option", else the last in parentheses, else the last that
/// stands alone. Articles, parts of words and names, and letters of which the text says that they are wrong do not
/// count.
[[nodiscard]] std::optional<char> final_choice(std::string_view text);

} // namespace avp
