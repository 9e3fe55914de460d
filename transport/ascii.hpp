// Letters, digits and blanks of ASCII, whatever the locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace avp {

/// Whether `c` is one of 0 to 9.
[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether `c` is one of A to Z and a to z.
[[nodiscard]] constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// `c` with A to Z made small.
[[nodiscard]] constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// `text` with A to Z made small.
[[nodiscard]] std::string lowered(std::string_view text);

/// `text` without blanks and line breaks at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// Puts `to` for every `from`, once through from left to right.
void replace_all(std::string& text, std::string_view from, std::string_view to);

/// Where `word` (or words) stands next in `text` from the byte `from` on, with no letter, digit or _ at either side;
/// letters of either case are equal. npos where it does not.
[[nodiscard]] std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0);

} // namespace avp
