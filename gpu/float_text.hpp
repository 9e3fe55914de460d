// Numbers as text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// Base64 of float32 values in little-endian order.
[[nodiscard]] std::string base64_of(std::span<const float> values);

/// The values of such a text; nothing where it is none, or not of `count` values.
[[nodiscard]] std::optional<std::vector<float>> floats_of_base64(std::string_view text, std::size_t count);

} // namespace avp
