// Environment variables.
#pragma once

#include <string>

namespace avp {

/// The value of an environment variable. An empty one counts as unset, as the XDG specification says.
[[nodiscard]] std::string environment_text(const char* name);

} // namespace avp
