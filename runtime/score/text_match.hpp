// Whole texts compared, without looking for the answer in them.
#pragma once

#include <string_view>

namespace avp {

/// Whether two texts are the same letter by letter, but for blanks at both ends. An accent is the same in one piece
/// with its letter or behind it.
[[nodiscard]] bool same_text(std::string_view text, std::string_view other);

/// Whether a text contains another one, also within a word. Equal are letters of either case, the shapes that
/// plain_text() makes one of, and any blanks, line ends among them. Nothing contains a text of blanks.
[[nodiscard]] bool contains_text(std::string_view text, std::string_view part);

} // namespace avp
