// Texts as their readers see them, however they are encoded.
#pragma once

#include <string>
#include <string_view>

namespace avp {

/// A text with one way to write each thing: accents in one piece with their letter, full-width letters, ligatures and
/// the like as plain ones (NFKC), typographic quotes, apostrophes and dashes as those of ASCII, every kind of blank as
/// a space, and nothing that is invisible (zero-width characters, soft hyphens). Bytes that are not UTF-8 become
/// U+FFFD.
[[nodiscard]] std::string plain_text(std::string_view text);

/// plain_text() with letters of either case equal in all languages (full case folding; ß is ss, and İ is i).
[[nodiscard]] std::string case_folded(std::string_view text);

/// A text with accents in one piece with their letter (NFC), and else as it is.
[[nodiscard]] std::string composed(std::string_view text);

/// The code points of a text; for each byte that is not UTF-8 U+FFFD.
[[nodiscard]] std::u32string code_points(std::string_view text);

/// The UTF-8 of code points.
[[nodiscard]] std::string to_utf8(std::u32string_view points);

/// Whether it is a letter, a mark on one, or a digit of any script, or _.
[[nodiscard]] bool is_word_point(char32_t point);

/// Whether it is punctuation of any script. Of ASCII, everything visible that is no letter or digit.
[[nodiscard]] bool is_punctuation_point(char32_t point);

/// Whether it is a blank or ends a line.
[[nodiscard]] bool is_blank_point(char32_t point);

} // namespace avp
