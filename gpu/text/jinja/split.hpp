// Taking marked texts apart and putting them together.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "gpu/text/marked_text.hpp"

namespace avp::jinja {

/// The words between white space; after `most` cuts (no limit below zero) the rest is the last one, from the front or
/// from the back.
[[nodiscard]] std::vector<marked_text> split_words(const marked_text& text, std::int64_t most, bool from_back);

/// The parts between `separator`, which is not empty.
[[nodiscard]] std::vector<marked_text> split_at(const marked_text& text, std::string_view separator, std::int64_t most,
                                                bool from_back);

/// `text` with the first `most` occurrences of `old` (all below zero) made `replacement`.
[[nodiscard]] marked_text replaced(const marked_text& text, std::string_view old, const marked_text& replacement,
                                   std::int64_t most);

} // namespace avp::jinja
