// What may be missing, as JSON.
#pragma once

#include <optional>

#include <nlohmann/json.hpp>

namespace avp {

/// The value, or null.
template <class Value>
[[nodiscard]] nlohmann::ordered_json or_null(const std::optional<Value>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

} // namespace avp
