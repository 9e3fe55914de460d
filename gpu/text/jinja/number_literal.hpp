// Number literals of a template.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace avp::jinja {

/// Where the number that begins at `at` ends, if it has a point or an exponent; `at` if it has not.
[[nodiscard]] std::size_t float_end(std::string_view source, std::size_t at);

/// Where the integer ends that begins at `at` with a digit; it may be one of base 2, 8 or 16.
[[nodiscard]] std::size_t integer_end(std::string_view source, std::size_t at);

/// What such a number without its "_" means. Throws fault for an integer of more than 64 bits.
[[nodiscard]] std::int64_t integer_of(std::string_view text);
[[nodiscard]] double real_of(std::string_view text);

} // namespace avp::jinja
