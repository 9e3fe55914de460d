// Tests of templates: what stands behind "is".
#pragma once

#include <string_view>

#include "gpu/text/jinja/functions.hpp"

namespace avp::jinja {

/// The test `name`, or nullptr. It is given what is tested and its arguments.
[[nodiscard]] function_body find_test(std::string_view name);

} // namespace avp::jinja
