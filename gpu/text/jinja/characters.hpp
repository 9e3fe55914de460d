// Strings as Python sees them: rows of characters, not of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/text/marked_text.hpp"

namespace avp::jinja {

/// Where each character begins, and at last where the text ends. Bytes that are no UTF-8 count as characters.
[[nodiscard]] std::vector<std::size_t> character_starts(std::string_view text);

/// How many characters the text has.
[[nodiscard]] std::size_t count_characters(std::string_view text);

/// How many bytes the first `count` characters have: the whole text where it has fewer.
[[nodiscard]] std::size_t bytes_of(std::string_view text, std::size_t count);

/// A character's class, as str.isalpha() and the others ask for it.
enum class character_class : std::uint8_t { alpha, digit, decimal, numeric, alphanumeric, space, printable, word };

/// Whether the character is of the class.
[[nodiscard]] bool is_of(character_class what, char32_t character);

/// Whether the text has a character, and all are of the class.
[[nodiscard]] bool all_of_class(character_class what, std::string_view text);

/// Whether no cased character is in the other case, and there is one at all.
[[nodiscard]] bool is_lower_case(std::string_view text);
[[nodiscard]] bool is_upper_case(std::string_view text);
[[nodiscard]] bool is_title_case(std::string_view text);

/// The text in another case; marks stay with their characters.
[[nodiscard]] marked_text lower(const marked_text& text);
[[nodiscard]] marked_text upper(const marked_text& text);
[[nodiscard]] marked_text case_folded(const marked_text& text);
[[nodiscard]] marked_text swap_case(const marked_text& text);

/// The first character as a word begins, the others in lower case.
[[nodiscard]] marked_text capitalized(const marked_text& text);

/// Every row of letters as a word begins, as str.title() does it.
[[nodiscard]] marked_text title_case(const marked_text& text);

/// Where `part` stands first in `whole` from the byte `from` on, or npos; in linear time, and counted as such.
[[nodiscard]] std::size_t place_in(std::string_view whole, std::string_view part, std::size_t from = 0);

/// Counts what looking for `part` from the end of `whole` on may take.
void spend_backward_search(std::string_view whole, std::string_view part);

/// Which ends something is cut off.
enum class side : std::uint8_t { left, right, both };

/// The text without white space, or without the characters of `cut`, at its ends.
[[nodiscard]] marked_text strip(const marked_text& text, side where);
[[nodiscard]] marked_text strip(const marked_text& text, side where, std::string_view cut);

/// The text's lines, without their ends or with them.
[[nodiscard]] std::vector<marked_text> split_lines(const marked_text& text, bool keep_ends = false);

/// The empty text that is left where all of `text` is cut off: it is data if some of that was.
[[nodiscard]] marked_text nothing_of(const marked_text& text);

/// `count` times `part`.
[[nodiscard]] marked_text repeated(const marked_text& part, std::size_t count);

/// The text with every part of one origin put through `change`, which gets and gives bytes.
template <class Change>
[[nodiscard]] marked_text changed_parts(const marked_text& text, Change&& change) {
  marked_text made;
  const std::string_view bytes = text.text();
  std::size_t at = 0;
  for (const auto& [begin, end] : text.data()) {
    made += marked_text::trusted(change(bytes.substr(at, begin - at)));
    made += marked_text(std::string(change(bytes.substr(begin, end - begin))));
    at = end;
  }
  made += marked_text::trusted(change(bytes.substr(at)));
  return made;
}

} // namespace avp::jinja
