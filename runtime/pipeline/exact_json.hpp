// JSON whose numbers keep their digits.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace avp {

/// Reads a JSON text. A number inside of an array or object that would be written otherwise than it stands there
/// (18.00, 1e5, -0, more digits than a double has, 1e999) is kept as its text: as a binary value, which no JSON text
/// has. Of a key that comes twice the last value counts. Throws nlohmann::json::exception for what is not JSON and
/// std::length_error for what is nested deeper than 128.
[[nodiscard]] nlohmann::ordered_json parse_exact(std::string_view text);

/// Compact JSON text, numbers as they stood. Throws nlohmann::json::type_error for strings that are not UTF-8.
[[nodiscard]] std::string exact_text(const nlohmann::ordered_json& value);

/// The same with the keys of all objects sorted.
[[nodiscard]] std::string sorted_text(const nlohmann::ordered_json& value);

/// Whether it is a number without fraction and exponent, of any length.
[[nodiscard]] bool is_whole_number(const nlohmann::ordered_json& value);

} // namespace avp
