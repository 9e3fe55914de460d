// The "%" of strings.
#pragma once

#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// `form % given`: a tuple has a value for every place, a map has them by name, anything else is the only one. Throws
/// fault where they don't fit.
[[nodiscard]] marked_text print_formatted(run& work, const marked_text& form, const value& given);

} // namespace avp::jinja
