// Whether a model can make a context by a recipe that came from outside.
#pragma once

#include <memory>

#include "gpu/cache/kv_context.hpp"

namespace avp {

/// Throws request_error when a recipe, or one that it goes back to, is of other weights or arithmetic, came as bytes,
/// is longer than the model allows, or is none that a device could have made.
void check_history(const std::shared_ptr<const recipe>& history, const model_fingerprint& model);

} // namespace avp
