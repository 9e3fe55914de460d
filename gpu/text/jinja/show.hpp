// What Python's str() and repr() make of values.
#pragma once

#include <string>

#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// str(): a string as it is, nothing for an undefined value.
[[nodiscard]] marked_text shown(run& work, const value& what);

/// repr(): a string in quotes, with escapes.
[[nodiscard]] marked_text quoted(run& work, const value& what);

/// A number as Python prints it: the shortest digits that are read as the same number, "1.0", "1e-07", "inf".
[[nodiscard]] std::string shown_float(double number);

} // namespace avp::jinja
