// Filters of templates: those of jinja2, and the tojson of transformers.
#pragma once

#include <span>
#include <string_view>

#include "gpu/text/jinja/methods.hpp"

namespace avp::jinja {

/// The filter `name`, or nullptr. It is given what it is applied to and what stands in its brackets.
[[nodiscard]] function_body find_filter(std::string_view name);

/// Filters that give strings.
[[nodiscard]] std::span<const named_method> text_filters();

/// Filters on lists and maps.
[[nodiscard]] std::span<const named_method> list_filters();

/// Filters that choose elements, or change each of them, by another filter, a test or an attribute.
[[nodiscard]] std::span<const named_method> element_filters();

/// Filters on numbers, and what makes numbers of strings.
[[nodiscard]] std::span<const named_method> number_filters();

} // namespace avp::jinja
