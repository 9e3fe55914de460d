// The words for weight formats, in pipeline files, recipes, results and options.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <avp/gpu/device_config.hpp>

namespace avp {

/// In the order of weight_format.
inline constexpr std::array<std::string_view, 5> weight_format_names{"float32", "bfloat16", "native", "int8", "int4"};

[[nodiscard]] constexpr std::string_view name_of(weight_format format) {
  return weight_format_names.at(static_cast<std::size_t>(format));
}

/// Nothing where no format is called so.
[[nodiscard]] constexpr std::optional<weight_format> weight_format_named(std::string_view name) {
  const auto* const place = std::find(weight_format_names.begin(), weight_format_names.end(), name);
  return place == weight_format_names.end()
             ? std::nullopt
             : std::optional(static_cast<weight_format>(place - weight_format_names.begin()));
}

} // namespace avp
