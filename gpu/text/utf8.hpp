// Reading UTF-8 that may be broken or cut off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace avp {

/// U+FFFD, for what is no character.
inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// What stands at the beginning of some bytes.
enum class utf8_state : std::uint8_t {
  valid,      ///< A whole character.
  invalid,    ///< Bytes that no continuation makes a character.
  incomplete, ///< The beginning of a character whose rest is missing at the end of the bytes.
};

/// The first unit of some bytes: a character, or the bytes that one replacement character stands for.
struct utf8_unit {
  std::size_t length = 0; ///< In bytes, at least 1.
  utf8_state state = utf8_state::valid;
  char32_t character = 0; ///< The code point of a valid unit.
};

/// Reads the first unit of `bytes`, which must not be empty. Overlong forms, surrogates and values above U+10FFFF are
/// invalid. An invalid unit is a "maximal subpart" as the Unicode Standard (3.9, U+FFFD substitution) has it, so that
/// replacing each one by U+FFFD gives what Python and Rust give.
[[nodiscard]] utf8_unit read_utf8(std::string_view bytes);

/// Appends a code point, which must be a valid one, to `text`.
void append_utf8(std::string& text, char32_t character);

/// Moves the units of `bytes` to the end of `text`, each invalid one as U+FFFD. Bytes that only begin a character stay
/// in `bytes`, unless `last` is true: then they become U+FFFD too.
void drain_utf8(std::string& bytes, std::string& text, bool last);

} // namespace avp
