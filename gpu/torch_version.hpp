// Which Torch computes.
#pragma once

#include <string>

namespace avp {

/// The version of the Torch that this was built with, such as "2.13.0".
[[nodiscard]] std::string torch_version();

} // namespace avp
