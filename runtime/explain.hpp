// `avp-run --check`: what a pipeline would do.
#pragma once

#include <vector>

#include "runtime/pipeline/run_stage.hpp"

namespace avp {

/// Prints the agents of each mode with what they hand over, the sweep, the input, and where each model is. Returns
/// whether all models can be had; what can't is said on standard error. Throws sandbox_error where programs are to be
/// scored and can't be run safely.
[[nodiscard]] bool explain(const pipeline& pipeline, const std::vector<run_stage>& stages);

} // namespace avp
