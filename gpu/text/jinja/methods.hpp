// Methods of strings, lists and maps.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "gpu/text/jinja/functions.hpp"

namespace avp::jinja {

/// The method `name` of `of`, or nothing. Methods that would change their value are undefined, as in jinja2's
/// ImmutableSandboxedEnvironment.
[[nodiscard]] std::optional<value> find_method(const value& of, std::string_view name);

/// Methods of strings that look for parts, and that answer yes or no or a number.
[[nodiscard]] std::span<const named_method> search_methods();

/// Methods of strings that give strings.
[[nodiscard]] std::span<const named_method> text_methods();

} // namespace avp::jinja
