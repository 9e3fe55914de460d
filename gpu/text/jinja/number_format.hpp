// Numbers and strings in a wanted form: Python's format specifications.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// How something is written: [[fill]align][sign][#][0][width][grouping][.precision][type].
struct format_spec {
  std::string fill = " ";
  char align = '\0'; ///< '<', '>', '^', '=' or, where nothing is said, none.
  char sign = '-';   ///< Of a number that is not negative: none for '-', '+' or ' '.
  bool alternate = false;
  std::size_t width = 0;
  char grouping = '\0'; ///< ',' or '_' between thousands.
  std::optional<int> precision = {};
  char type = '\0';
};

/// Reads a specification. Throws fault for one that is none.
[[nodiscard]] format_spec read_format_spec(std::string_view text);

/// A number in the form; `type` is one for numbers. Throws fault where the form does not fit.
[[nodiscard]] std::string formatted_integer(std::int64_t number, const format_spec& spec);
[[nodiscard]] std::string formatted_real(double number, const format_spec& spec);

/// The text filled up to the width; `align` says where it goes if the form does not.
[[nodiscard]] marked_text aligned(run& work, const marked_text& text, const format_spec& spec, char align);

/// What Python's format() makes of a value.
[[nodiscard]] marked_text formatted_value(run& work, const value& what, std::string_view spec);

} // namespace avp::jinja
