// How much a body is compressed.
#pragma once

#include <cstdint>

namespace avp {

/// Level of zstd; any number from 1 to 22 may be cast to it, none sends the bytes as they are.
enum class compression : std::uint8_t { none = 0, fast = 1, balanced = 3, max = 19 };

} // namespace avp
