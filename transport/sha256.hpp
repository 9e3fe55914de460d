// The hash by which weights, prompts, models and contexts are known.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace avp {

/// SHA-256 (FIPS 180-4) of bytes.
[[nodiscard]] std::array<unsigned char, 32> sha256(std::string_view bytes);

/// The same as 64 hex characters.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

} // namespace avp
