// The choice that an answer decides for.
#pragma once

#include <optional>
#include <string_view>

namespace avp {

/// The letter (A to E) that a text decides for: in the last `\boxed{…}`, else behind the last "answer", "choice" or
/// "option", else the last in parentheses, else the last that stands alone.
[[nodiscard]] std::optional<char> final_choice(std::string_view text);

} // namespace avp
