// The tensors of a plain decoder, from which the tables of families start.
#pragma once

#include <initializer_list>
#include <vector>

#include "gpu/model/family/family_tensor.hpp"

namespace avp {

/// Those of Llama: a norm before attention and one before the gated feed-forward network.
[[nodiscard]] std::vector<family_tensor> plain_tensors();

/// The same with norms of queries and keys, over each head (extent::head) or over all of them at once.
[[nodiscard]] std::vector<family_tensor> with_head_norms(std::vector<family_tensor> tensors,
                                                         extent queries = extent::head, extent keys = extent::head);

/// The same without those of some parts.
[[nodiscard]] std::vector<family_tensor> without(std::vector<family_tensor> tensors,
                                                 std::initializer_list<weight_part> parts);

} // namespace avp
