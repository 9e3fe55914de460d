// Qwen3: Llama with a norm of each head's queries and keys, and heads of a size of their own.
#include "gpu/model/family/families.hpp"
#include "gpu/model/family/layer_types.hpp"
#include "gpu/model/family/plain_tensors.hpp"

namespace avp {

family qwen3_family() {
  return {.architecture = "qwen3",
          .model_type = "qwen3",
          .tensors = with_head_norms(plain_tensors()),
          .optional_biases = true,
          .defaults = {.head_dim = 128},
          .read_json = read_window_of_last_layers};
}

} // namespace avp
