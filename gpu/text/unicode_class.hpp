// What kind of character a code point is, as tokenizers ask for it.
#pragma once

#include <string>

namespace avp {

/// A mark that is put on the character before it (general category M).
[[nodiscard]] bool is_mark(char32_t character);

/// A character that words are made of, as Rust's regular expressions have it: letters, marks, decimal digits,
/// connectors and the two joiners. `character` must be a valid code point.
[[nodiscard]] bool is_word_character(char32_t character);

/// The character class of that, for a pattern, without brackets.
inline constexpr const char* word_characters = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d})";

/// Appends the lower-case form of a code point, which may be two.
void append_lower_case(std::string& text, char32_t character);

} // namespace avp
