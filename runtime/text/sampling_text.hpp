// Sampling settings in words.
#pragma once

#include <string>

#include "gpu/sampling.hpp"

namespace avp {

/// "temperature 0.6, top_p 0.95": what is said, by the names of the keys; empty for nothing.
[[nodiscard]] std::string sampling_text(const said_sampling& said);

} // namespace avp
