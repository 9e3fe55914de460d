// Attributes and elements of values.
#pragma once

#include <optional>
#include <string_view>

#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// The method or attribute `name`, or nothing: no element.
[[nodiscard]] std::optional<value> find_member(const value& of, std::string_view name);

/// `of.name`: a method or an attribute, or else the element of that name; undefined where there is none. Throws fault
/// for an undefined `of`.
[[nodiscard]] value attribute_of(run& work, const value& of, std::string_view name);

/// `of[which]`: an element, or else the attribute or method of that name; undefined where there is none. Throws fault
/// for an undefined `of`.
[[nodiscard]] value element_of(run& work, const value& of, const value& which);

/// `of[from:to:step]`; what is left out is None. Throws fault where that can't be done.
[[nodiscard]] value slice_of(run& work, const value& of, const value& from, const value& to, const value& step);

} // namespace avp::jinja
