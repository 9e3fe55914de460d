// The tensors of a plain decoder, from which the tables of families start.
#pragma once

#include <vector>

#include "gpu/model/family/family_tensor.hpp"

namespace avp {

/// Those of Llama: a norm before attention and one before the gated feed-forward network, no bias.
[[nodiscard]] std::vector<family_tensor> plain_tensors();

/// The same with a bias at every tensor of this part.
[[nodiscard]] std::vector<family_tensor> with_bias(std::vector<family_tensor> tensors, weight_part part);

} // namespace avp
