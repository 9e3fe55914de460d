// Qwen2 and Qwen2.5: Llama with a bias at queries, keys and values.
#include "gpu/model/family/families.hpp"
#include "gpu/model/family/layer_types.hpp"
#include "gpu/model/family/plain_tensors.hpp"

namespace avp {

family qwen2_family() {
  return {.architecture = "qwen2",
          .model_type = "qwen2",
          .tensors = plain_tensors(),
          .defaults = {.qkv_bias = true},
          .read_json = read_window_of_last_layers};
}

} // namespace avp
