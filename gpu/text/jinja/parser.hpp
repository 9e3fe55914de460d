// Reads the statements of a template.
#pragma once

#include <string_view>

#include "gpu/text/jinja/syntax.hpp"

namespace avp::jinja {

/// The statements of `source`. Throws error.
[[nodiscard]] statements parse(std::string_view source);

} // namespace avp::jinja
