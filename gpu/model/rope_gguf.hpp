// Rotary embedding as the metadata and tensors of a GGUF file describe it.
#pragma once

#include "gpu/model/architecture_keys.hpp"
#include "gpu/model/model_config.hpp"

namespace avp {

/// Fills in the rotations of a configuration whose other fields are there. Throws model_error on kinds and keys that
/// are not known.
void read_rope(const architecture_keys& keys, model_config& config);

} // namespace avp
