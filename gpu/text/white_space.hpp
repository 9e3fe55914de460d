// White space as Unicode, Python and Jinja know it.
#pragma once

#include <string_view>

namespace avp {

/// White space as Unicode has it (property White_Space).
[[nodiscard]] bool is_white_space(char32_t character);

/// Whether Python's str.isspace() is true of the character.
[[nodiscard]] bool is_python_space(char32_t character);

/// `text` without white space at both ends: what Python's str.strip() and Jinja's trim leave.
[[nodiscard]] std::string_view stripped(std::string_view text);

} // namespace avp
