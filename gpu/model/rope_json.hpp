// Rotary embedding as config.json of transformers describes it.
#pragma once

#include "gpu/model/config_reader.hpp"
#include "gpu/model/model_config.hpp"

namespace avp {

/// Fills in the rotations of a configuration whose other fields are there. What changes with the length of a text in
/// transformers is fixed for the longest one: keys are cached as they were rotated. Throws model_error on kinds and
/// keys that are not known, and where two places contradict each other.
void read_rope(const config_reader& config, model_config& result);

} // namespace avp
