// str.format().
#pragma once

#include "gpu/text/jinja/object.hpp"
#include "gpu/text/jinja/run.hpp"

namespace avp::jinja {

/// `form` with the values in place of its "{}". Throws fault where they don't fit.
[[nodiscard]] marked_text formatted(run& work, const marked_text& form, const arguments& given);

} // namespace avp::jinja
