// String literals of a template.
#pragma once

#include <string>
#include <string_view>

namespace avp::jinja {

/// What stands between the quotes of a literal, with Python's escapes resolved. Throws fault for a broken one.
[[nodiscard]] std::string unescaped(std::string_view literal);

} // namespace avp::jinja
