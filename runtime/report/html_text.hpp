// Text of any origin made fit for a page.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace avp {

/// The bytes as UTF-8: what is broken becomes U+FFFD.
[[nodiscard]] std::string repaired_utf8(std::string_view bytes);

/// The text as it may stand between tags and in quoted attributes: `& < > " '` as references, broken bytes as U+FFFD,
/// and control characters other than tab and line feed as their pictures (U+2400 …), since HTML allows no others.
[[nodiscard]] std::string html_escaped(std::string_view text);

/// The text's first `most` characters, with "…" in place of the last one when there are more.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t most);

} // namespace avp
