// OLMo 2: norms only of what attention and feed-forward network add, and of all queries and all keys at once.
#include "gpu/model/family/families.hpp"
#include "gpu/model/family/plain_tensors.hpp"

namespace avp {

namespace {

std::vector<family_tensor> olmo2_tensors() {
  using enum weight_part;
  auto tensors =
      with_head_norms(without(plain_tensors(), {input_norm, feed_forward_input_norm}), extent::queries, extent::keys);
  tensors.push_back({attention_norm, "post_attention_norm", "post_attention_layernorm", extent::hidden});
  tensors.push_back({feed_forward_norm, "post_ffw_norm", "post_feedforward_layernorm", extent::hidden});
  return tensors;
}

} // namespace

family olmo2_family() {
  return {.architecture = "olmo2",
          .model_type = "olmo2",
          .tensors = olmo2_tensors(),
          .optional_biases = true,
          .defaults = {.rms_norm_eps = 1e-5}};
}

} // namespace avp
