// What a row of a forward pass is.
#pragma once

#include <cstdint>

namespace avp {

/// All kinds run through the same kernels: a token of a prompt, a latent step, a token of an answer, a vector that
/// came from outside.
enum class row_kind : std::uint8_t { prefill, latent, decode, injected };

} // namespace avp
