// Text between quotes.
#pragma once

#include <string>
#include <string_view>

namespace avp {

/// As JSON writes a string, so that blanks, line breaks and control characters show; broken UTF-8 as U+FFFD.
[[nodiscard]] std::string in_quotes(std::string_view text);

} // namespace avp
