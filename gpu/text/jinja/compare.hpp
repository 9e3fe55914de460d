// Comparing values as Python does. Marks don't count.
#pragma once

#include <compare>

#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// Whether both are equal: True, 1 and 1.0 are.
[[nodiscard]] bool equal(const value& left, const value& right);

/// Which one is less. Throws fault for values that have no order. `sign` stands in the message, as in "<".
[[nodiscard]] std::partial_ordering compare(const value& left, const value& right, const char* sign = "<");

/// Whether `part` is an element, a key or a part of `whole`. Throws fault where there is no such thing.
[[nodiscard]] bool contains(const value& whole, const value& part);

} // namespace avp::jinja
