// Small pieces of reading that several scorers share. ASCII only: other bytes pass as they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace avp {

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[nodiscard]] constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

[[nodiscard]] constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The text with ASCII letters in lower case.
[[nodiscard]] std::string lowered(std::string_view text);

/// The text without blanks and line ends around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// Puts `to` for every `from`, once through from left to right.
void replace_all(std::string& text, std::string_view from, std::string_view to);

/// What the last `\boxed{…}` (or `\fbox{…}`) with something in it encloses, braces balanced; one that is not closed
/// ends with its line.
[[nodiscard]] std::optional<std::string_view> last_boxed(std::string_view text);

} // namespace avp
