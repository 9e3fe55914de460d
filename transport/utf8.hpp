// Whether bytes are UTF-8: protobuf and JSON take nothing else.
#pragma once

#include <string_view>

namespace avp {

/// Returns whether `text` is well-formed UTF-8 (no overlong forms, no surrogates, nothing over U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text);

} // namespace avp
