// Llama 1 to 3, and what has their form, such as SmolLM2.
#include "gpu/model/family/families.hpp"
#include "gpu/model/family/plain_tensors.hpp"

namespace avp {

family llama_family() {
  return {.architecture = "llama",
          .model_type = "llama",
          .tensors = plain_tensors(),
          .interleaved_in_gguf = true,
          .optional_biases = true};
}

} // namespace avp
