// Units of measure, as far as answers use them.
#pragma once

#include <string>
#include <string_view>

namespace avp::math {

/// Whether a bare word behind a number is the sign or name of a unit, and not a product of variables.
[[nodiscard]] bool is_unit(std::string_view word);

/// What can be said of two units.
enum class same_unit : unsigned char { yes, no, unknown };

/// Compares units in any spelling: "cm^2" is "square centimeters", and no "m^2"; of "apples" nothing is known.
[[nodiscard]] same_unit compare_units(std::string_view a, std::string_view b);

} // namespace avp::math
