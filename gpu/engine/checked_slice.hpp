// Whether a slice is what is missing of a context.
#pragma once

#include <cstdint>

#include "gpu/cache/kv_context.hpp"
#include "gpu/request.hpp"

namespace avp {

/// Throws request_error when the slice of a request is not the positions of its history from `begin` on, of this model
/// in the type of its cache, with the last hidden state.
void check_slice(const adopt& asked, std::int64_t begin, const model_fingerprint& model);

} // namespace avp
