// Where Unicode's tables of the library tokenizers are older than ours.
#pragma once

namespace avp {

/// Whether a character became a mark, or got a combining class or a decomposition, after Unicode 9: the library, whose
/// tables are of then, leaves it alone when it normalises and takes accents off.
[[nodiscard]] bool is_unknown_to_library(char32_t character);

} // namespace avp
