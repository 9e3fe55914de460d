// Mistral: Llama with a window in all layers. GGUF files of it say "llama" and have no window.
#include "gpu/model/family/families.hpp"
#include "gpu/model/family/layer_types.hpp"
#include "gpu/model/family/plain_tensors.hpp"

namespace avp {

namespace {

void read_mistral(const config_reader& keys, model_config& config) { read_window_of_all_layers(keys, 4096, config); }

} // namespace

family mistral_family() { return {.model_type = "mistral", .tensors = plain_tensors(), .read_json = read_mistral}; }

} // namespace avp
