// The many spellings of one sign.
#pragma once

#include <string>
#include <string_view>

namespace avp::math {

/// `text` with the signs of Unicode as commands of TeX, and without dollar signs and Markdown's stars.
[[nodiscard]] std::string plain_signs(std::string_view text);

/// The one spelling of a command (with its backslash) that the reader of formulas knows: `\frac` for `\dfrac`. Empty
/// for commands that say nothing (`\left`); one blank for those that are blanks.
[[nodiscard]] std::string_view plain_command(std::string_view command);

} // namespace avp::math
