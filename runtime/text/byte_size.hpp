// Sizes in bytes as people write them: "2GiB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace avp {

/// The bytes that a number with a unit means: B, KiB, MiB, GiB, TiB (powers of 1,024), kB, MB, GB, TB (powers of
/// 1,000); blanks between number and unit and decimals ("1.5 GiB") are fine. Nothing for other texts, for less than one
/// byte, and for more than 2^63 - 1.
[[nodiscard]] std::optional<std::int64_t> parse_byte_size(std::string_view text);

/// What parse_byte_size takes, for a message.
[[nodiscard]] std::string byte_size_form();

} // namespace avp
