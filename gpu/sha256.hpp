// SHA-256 of bytes at hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace avp {

/// SHA-256 as 64 lower-case hex characters.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// The first eight bytes of the SHA-256 as a number: a seed that depends on every byte.
[[nodiscard]] std::uint64_t sha256_seed(std::string_view bytes);

} // namespace avp
